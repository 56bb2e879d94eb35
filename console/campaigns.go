package console

import (
	"outreach.example/ledger"
)

// CampaignDesk is what the pages of campaigns ask.
type CampaignDesk interface{}

func (c *Console) campaignRoutes() []route {
	return []route{
		{"GET /campaigns", See, c.campaignsPage}, // the section, and a list of all there are
	}
}

// campaignsList lists the campaigns.
type campaignsList struct {
	frame
	Campaigns []campaignCard
}

func (c *Console) campaignsPage(v *visit) error {
	names, err := c.Ledger.Campaigns(v.ctx)
	if err != nil {
		return err
	}
	page := campaignsList{frame: v.frame("Campaigns")}
	page.Live = true
	for _, name := range names {
		card, _, _, err := c.card(v, name)
		if err != nil {
			return err
		}
		page.Campaigns = append(page.Campaigns, card)
	}
	return v.show("campaigns.html", page)
}

// card is a campaign in numbers.
func (c *Console) card(v *visit, name string) (campaignCard, ledger.Campaign, map[string]ledger.Counts, error) {
	camp, err := c.Ledger.Campaign(v.ctx, name)
	if err != nil {
		return campaignCard{}, camp, nil, err
	}
	counts, err := c.Ledger.Counts(v.ctx, name)
	if err != nil {
		return campaignCard{}, camp, nil, err
	}
	card := campaignCard{Name: name, Status: camp.Status, Steps: stepLines(camp, counts)}
	card.Total = counts[first(camp.Steps)].Total()
	card.Bar = stepBar(counts[first(camp.Steps)])
	return card, camp, counts, nil
}
