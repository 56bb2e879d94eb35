package donor

import (
	"fmt"
	"strings"
)

// currencies are the codes of ISO 4217 in use, without funds, metals and test codes.
const currencies = " AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF " +
	"CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL " +
	"HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL " +
	"MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON " +
	"RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH " +
	"UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG "

// signs are what people write instead of a code, where it can mean one currency only.
var signs = map[string]string{"€": "EUR", "£": "GBP", "US$": "USD", "SFR": "CHF", "FR.": "CHF", "EURO": "EUR", "EUROS": "EUR"}

// CheckCurrency says what is wrong with the code of a currency: it must be one of ISO 4217 that is in use.
func CheckCurrency(code string) error {
	if len(code) == 3 && strings.Contains(currencies, " "+code+" ") {
		return nil
	}
	upper := strings.ToUpper(strings.TrimSpace(code))
	if known, ok := signs[upper]; ok {
		upper = known
	}
	switch {
	case code == "":
		return fmt.Errorf("no currency: write its code of ISO 4217, for example USD")
	case len(upper) == 3 && strings.Contains(currencies, " "+upper+" "):
		return fmt.Errorf("%s is no currency: write %s", Quote(code), upper)
	}
	return fmt.Errorf("%s is no currency: write its code of ISO 4217, for example USD", Quote(code))
}
