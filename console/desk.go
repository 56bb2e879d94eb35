package console

// A Desk is what decisions need besides the ledger. cmd/outreach implements it with what its own commands call. Each file of
// pages says what it asks, in an interface of its own that stands here.
type Desk interface {
	CampaignDesk
	CalendarDesk
	ReportDesk
	StateDesk
	LetterDesk
	TextDesk
	ListDesk
	ImportDesk
	SettingsDesk
	APIDesk
}
