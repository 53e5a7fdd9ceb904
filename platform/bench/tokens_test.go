//go:build figures

package bench

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"testing"
)

// TestFiguresOfTokens measures tokens by client credentials beside npm
// oidc-provider, with keys of the same algorithm and size: ours with SQLite, a
// durable audit entry for each token and a hashed secret, theirs in memory with
// the secret as it is.
func TestFiguresOfTokens(t *testing.T) {
	for _, algorithm := range []string{"RS256", "ES256"} {
		t.Run(algorithm, func(t *testing.T) {
			g := startGuichet(t, algorithm)
			g.token(t, algorithm)
			p := startProvider(t, algorithm, g)
			list := measure(t, g.tokens("ours", g.id, g.secret), p.tokens("oidc-provider", g.id, g.secret))
			values := map[string]float64{"connections": connections, "rounds": rounds}
			summary(values, "ours", list[0])
			summary(values, "oidc-provider", list[1])
			ratios := make([]float64, rounds)
			for i := range ratios {
				ratios[i] = list[0][i].rate / list[1][i].rate
			}
			values["ratio min"], values["ratio"], values["ratio max"] = spread(ratios)
			figure(t, "tokens by client credentials, "+algorithm, "tokens/s", values)
		})
	}
}

// TestFiguresOfChecks measures what it costs to know who calls: a path of the
// API at which there is nothing, asked with each kind of credentials.
func TestFiguresOfChecks(t *testing.T) {
	rsa, ecdsa := startGuichet(t, "RS256"), startGuichet(t, "ES256")
	check := func(name string, g guichet, authorization string) target {
		return target{name: name, address: g.address, status: http.StatusNotFound, cpu: g.cpu,
			request: fmt.Sprintf("GET /rtc-api/figures HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\n\r\n", g.address, authorization)}
	}
	targets := []target{
		check("Bearer RS256", rsa, "Bearer "+rsa.token(t, "RS256")),
		check("Bearer ES256", ecdsa, "Bearer "+ecdsa.token(t, "ES256")),
		check("Basic, SHA-256 secret", rsa, "Basic "+base64.StdEncoding.EncodeToString([]byte(rsa.id+":"+rsa.secret))),
	}
	for i, list := range measure(t, targets...) {
		values := map[string]float64{"connections": connections, "rounds": rounds}
		summary(values, "ours", list)
		figure(t, "checks of a call's credentials, "+targets[i].name, "calls/s", values)
	}
}
