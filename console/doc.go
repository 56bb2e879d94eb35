// Package console is where outreach staff run campaigns in a browser: pages that show what the ledger holds, and forms by
// which a person decides. It decides nothing by itself.
//
// What a decision needs besides the ledger (the project folder, the checks before an approval, the evidence beside a
// doubt) is asked of a Desk, which cmd/outreach implements with the functions that its own commands call: page and command
// give the same answer, in the same words. An interface was chosen over a room of its own for them because those functions
// live on the project folder, the settings and the house that only cmd/outreach puts together. What a decision needs of
// the ledger alone (a hold, a pause) is called here directly, as the commands do: the rules stand in the ledger's scripts.
//
// The way of a request:
//
//	guard (headers, host, sizes, other origins) -> session -> role -> page -> template
//
// Roles are viewer, editor, approver, operator and admin; each page names the act it is, and the table in roles.go says
// who may. Nobody approves their own work: that is refused by the ledger, to which the console passes the account's name.
//
// Everything works without script. Where there is script, a page asks for itself again when the audit stream moves.
package console
