package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"outreach.example/console"
	"outreach.example/ledger"
)

func (a *app) peopleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "people", Short: "Say who may sign in to the console, and as what", Args: a.none,
		Example: "  outreach people add 'Bea Approver' --role approver\n  outreach people list\n  outreach people roles 'Bea Approver' --role approver,operator",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.peopleAdd(), a.peopleList(), a.peopleRoles(), a.peopleReset(), a.peopleRemove(), a.peopleToken())
	return cmd
}

// oneName is the argument rule of commands about one person.
func oneName(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usagef("who? type: %s 'THEIR NAME'", cmd.CommandPath())
	}
	return nil
}

// onPerson runs a command about somebody who is there.
func (a *app) onPerson(cmd *cobra.Command, name string, do func(ctx context.Context, l *ledger.Ledger, who string, p ledger.Account) error) error {
	who, err := a.person()
	if err != nil {
		return err
	}
	return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
		p, ok, err := l.Person(ctx, name)
		if err != nil {
			return err
		}
		if !ok {
			return nobodyCalled(ctx, l, name)
		}
		return do(ctx, l, who, p)
	})
}

// nobodyCalled says who there is.
func nobodyCalled(ctx context.Context, l *ledger.Ledger, name string) error {
	people, err := l.People(ctx)
	if err != nil {
		return err
	}
	if len(people) == 0 {
		return ledger.Refusal(fmt.Sprintf("there is nobody called %q, and nobody at all; type: outreach people add 'NAME' --role admin", name))
	}
	var names []string
	for _, p := range people {
		names = append(names, p.Name)
	}
	return ledger.Refusal(fmt.Sprintf("there is nobody called %q (there are: %s)", name, strings.Join(names, ", ")))
}

func rolesFlag(cmd *cobra.Command, into *string) {
	cmd.Flags().StringVar(into, "role", "", "one or more of "+strings.Join(console.Roles, ", ")+", separated by commas")
}

func parseRoles(s string) ([]string, error) {
	if s == "" {
		return nil, usagef("as what? add --role ROLE (there are: %s)", strings.Join(console.Roles, ", "))
	}
	roles, err := console.ParseRoles(s)
	if err != nil {
		return nil, usageError{fmt.Errorf("--role: %w", err)}
	}
	return roles, nil
}

func (a *app) peopleAdd() *cobra.Command {
	var role string
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Let somebody sign in; prints a link by which they choose a password, once", Args: oneName,
		Example: "  outreach people add 'Bea Approver' --role approver",
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := a.person()
			if err != nil {
				return err
			}
			roles, err := parseRoles(role)
			if err != nil {
				return err
			}
			p := ledger.Account{Name: strings.Join(strings.Fields(args[0]), " "), Roles: roles, Added: a.now().UTC(), By: who}
			if why := console.CheckName(p.Name); why != "" {
				return usagef("%s", strings.ToLower(why[:1])+why[1:])
			}
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				path := console.Invite(&p, a.now())
				if _, err := l.AddPerson(ctx, who, p); err != nil {
					return err
				}
				fmt.Fprintf(a.out, "%s may sign in as %s\n", p.Name, strings.Join(p.Roles, ", "))
				return a.handOut(p, path)
			})
		},
	}
	rolesFlag(cmd, &role)
	return cmd
}

// handOut prints a link by which somebody chooses a password.
func (a *app) handOut(p ledger.Account, path string) error {
	c, err := a.config()
	if err != nil {
		return err
	}
	base := "http://" + listenAddress(c.value["console"])
	if c.value["console_tls_cert"] != "" {
		base = "https://" + listenAddress(c.value["console"])
	}
	base = cmp.Or(strings.TrimSuffix(c.value["console_url"], "/"), base)
	fmt.Fprintf(a.out, "%s%s\n", base, path)
	a.next("give the link to %s: it works once, for 24 hours", p.Name)
	return nil
}

func (a *app) peopleList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List who may sign in", Args: a.none, Example: "  outreach people list --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withLedger(cmd, func(ctx context.Context, l *ledger.Ledger) error {
				people, err := l.People(ctx)
				if err != nil {
					return err
				}
				type line struct {
					Name  string    `json:"name"`
					Roles []string  `json:"roles"`
					In    bool      `json:"has_password"`
					Link  time.Time `json:"link_until,omitzero"`
					Added time.Time `json:"added"`
					By    string    `json:"by"`
				}
				lines := []line{}
				for _, p := range people {
					lines = append(lines, line{p.Name, p.Roles, p.Password != "", p.LinkEnds, p.Added, p.By})
				}
				if a.json {
					return a.print(lines)
				}
				if len(lines) == 0 {
					fmt.Fprintln(a.out, "nobody may sign in yet")
					a.next("outreach people add 'NAME' --role admin")
					return nil
				}
				w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "NAME\tROLES\tSIGNS IN\tADDED")
				for _, p := range lines {
					in := "with a password"
					switch {
					case !p.In && a.now().Before(p.Link):
						in = "once the link is used, until " + moment(p.Link)
					case !p.In:
						in = "not yet: the link has ended"
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s by %s\n", p.Name, strings.Join(p.Roles, ", "), in, moment(p.Added), p.By)
				}
				return w.Flush()
			})
		},
	}
}

func (a *app) peopleRoles() *cobra.Command {
	var role string
	cmd := &cobra.Command{
		Use: "roles NAME", Short: "Change what somebody may do; they have to sign in again", Args: oneName,
		Example: "  outreach people roles 'Bea Approver' --role approver,operator",
		RunE: func(cmd *cobra.Command, args []string) error {
			roles, err := parseRoles(role)
			if err != nil {
				return err
			}
			return a.onPerson(cmd, args[0], func(ctx context.Context, l *ledger.Ledger, who string, p ledger.Account) error {
				before := strings.Join(p.Roles, ", ")
				p.Roles = roles
				p.Round++
				if _, err := l.ChangePerson(ctx, who, "roles changed", p, before+" to "+strings.Join(roles, ", ")); err != nil {
					return err
				}
				fmt.Fprintf(a.out, "%s: %s\n", p.Name, strings.Join(roles, ", "))
				a.next("outreach people list")
				return nil
			})
		},
	}
	rolesFlag(cmd, &role)
	return cmd
}

func (a *app) peopleReset() *cobra.Command {
	return &cobra.Command{
		Use: "reset NAME", Short: "End somebody's password; prints a link by which they choose another, once", Args: oneName,
		Example: "  outreach people reset 'Bea Approver'",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onPerson(cmd, args[0], func(ctx context.Context, l *ledger.Ledger, who string, p ledger.Account) error {
				p.Password, p.Secret = "", ""
				p.Round++
				path := console.Invite(&p, a.now())
				if _, err := l.ChangePerson(ctx, who, "password reset", p, ""); err != nil {
					return err
				}
				fmt.Fprintf(a.out, "%s is signed out everywhere\n", p.Name)
				return a.handOut(p, path)
			})
		},
	}
}

func (a *app) peopleRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Let somebody sign in no longer; what they decided stays", Args: oneName,
		Example: "  outreach people remove 'Bea Approver'",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onPerson(cmd, args[0], func(ctx context.Context, l *ledger.Ledger, who string, p ledger.Account) error {
				if _, err := l.RemovePerson(ctx, who, p); err != nil {
					return err
				}
				fmt.Fprintf(a.out, "%s may sign in no longer\n", p.Name)
				a.next("outreach people list")
				return nil
			})
		},
	}
}
