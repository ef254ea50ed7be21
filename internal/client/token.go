package client

import (
	"context"
	"net/http"
	"strings"
)

const consistencyToken = "Consistency-Token"

// Token says how far the read models must be to include a write. Its inside is the server's business.
type Token string

type tokenKey struct{}

// Consistent makes the reads of a context wait, within the server's bound, until they include the writes that answered
// with these tokens. Tokens given before are kept; empty ones say nothing.
func Consistent(ctx context.Context, tokens ...Token) context.Context {
	var all []string
	if before, ok := ctx.Value(tokenKey{}).(string); ok {
		all = append(all, before)
	}
	for _, t := range tokens {
		if t != "" {
			all = append(all, string(t))
		}
	}
	if len(all) == 0 {
		return ctx
	}
	return context.WithValue(ctx, tokenKey{}, strings.Join(all, ","))
}

func tokenOf(response *http.Response) Token { return Token(response.Header.Get(consistencyToken)) }
