package console

// A Desk is what decisions need besides the ledger. cmd/outreach implements it with what its own commands call.
type Desk interface{}
