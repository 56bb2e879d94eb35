package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"outreach.example/console"
	"outreach.example/donor"
	"outreach.example/ledger"
)

func (a *app) peopleToken() *cobra.Command {
	cmd := &cobra.Command{
		Use: "token", Short: "Let programs act in somebody's name through the API", Args: a.none,
		Example: "  outreach people token add 'Bea Approver' report --role viewer\n  outreach people token list\n  outreach people token revoke 'Bea Approver' report",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.tokenAdd(), a.tokenList(), a.tokenRevoke())
	return cmd
}

func nameAndToken(cmd *cobra.Command, args []string) error {
	if len(args) != 2 {
		return usagef("whose, and what is it for? type: %s 'THEIR NAME' TOKEN, for example: %s 'Bea Approver' report", cmd.CommandPath(), cmd.CommandPath())
	}
	return nil
}

func (a *app) tokenAdd() *cobra.Command {
	var role, until string
	cmd := &cobra.Command{
		Use: "add NAME TOKEN", Short: "Make a token and show it, once", Args: nameAndToken,
		Example: "  outreach people token add 'Bea Approver' report --role viewer --until 2027-03-31",
		RunE: func(cmd *cobra.Command, args []string) error {
			roles, err := parseRoles(role)
			if err != nil {
				return err
			}
			ends := a.now().Add(console.TokenLife)
			if until != "" {
				d, err := donor.ParseDate(until)
				if err != nil {
					return usagef("--until: %s", err)
				}
				ends = d.AddDays(1).In(time.Local)
			}
			return a.onPerson(cmd, args[0], func(ctx context.Context, l *ledger.Ledger, who string, p ledger.Account) error {
				says, err := console.NewToken(&p, args[1], roles, ends, a.now(), who)
				if err != nil {
					return err
				}
				if _, err := l.ChangePerson(ctx, who, "token added", p, args[1]+" as "+strings.Join(roles, ", ")); err != nil {
					return err
				}
				if a.json {
					return a.print(struct {
						Token string    `json:"token"`
						Ends  time.Time `json:"ends"`
					}{says, ends})
				}
				fmt.Fprintln(a.out, says)
				fmt.Fprintf(a.errs, "the token %s of %s acts as %s until %s; it is shown this once and kept nowhere\n", args[1], p.Name, strings.Join(roles, ", "), ends.Local().Format("2 January 2006"))
				a.next("give it to the program in a file that only the program can read; docs/api.md says how it is used")
				return nil
			})
		},
	}
	rolesFlag(cmd, &role)
	cmd.Flags().StringVar(&until, "until", "", "last `day` of the token, YYYY-MM-DD, within a year; 90 days unless set")
	return cmd
}

func (a *app) tokenList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the tokens of everybody", Args: a.none, Example: "  outreach people token list --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				people, err := l.People(ctx)
				if err != nil {
					return err
				}
				type line struct {
					Person string    `json:"person"`
					Token  string    `json:"token"`
					Roles  []string  `json:"roles"`
					Ends   time.Time `json:"ends"`
					Ended  bool      `json:"ended"`
					By     string    `json:"by"`
				}
				all := []line{}
				for _, p := range people {
					for _, t := range p.Tokens {
						all = append(all, line{p.Name, t.Name, t.Roles, t.Ends, !a.now().Before(t.Ends), t.By})
					}
				}
				if a.json {
					return a.print(all)
				}
				if len(all) == 0 {
					fmt.Fprintln(a.out, "no program has a token")
					return nil
				}
				w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "PERSON\tTOKEN\tROLES\tENDS\tMADE BY")
				for _, t := range all {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", t.Person, t.Token, strings.Join(t.Roles, ", "), t.Ends.Local().Format("2 January 2006"), t.By)
				}
				return w.Flush()
			})
		},
	}
}

func (a *app) tokenRevoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke NAME TOKEN", Short: "End a token at once", Args: nameAndToken, Example: "  outreach people token revoke 'Bea Approver' report",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onPerson(cmd, args[0], func(ctx context.Context, l *ledger.Ledger, who string, p ledger.Account) error {
				at := slices.IndexFunc(p.Tokens, func(t ledger.Token) bool { return t.Name == args[1] })
				if at < 0 {
					return ledger.Refusal(fmt.Sprintf("%s has no token called %q; type: outreach people token list", p.Name, args[1]))
				}
				p.Tokens = slices.Delete(slices.Clone(p.Tokens), at, at+1)
				if _, err := l.ChangePerson(ctx, who, "token revoked", p, args[1]); err != nil {
					return err
				}
				fmt.Fprintf(a.out, "the token %s of %s is ended\n", args[1], p.Name)
				return nil
			})
		},
	}
}
