package idp

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

// skew is how far the provider's clock and ours may be apart.
const skew = time.Minute

// idToken returns the claims of an id_token after all checks of OpenID Connect
// Core section 3.1.3.7. The library's verifier is not used, for it takes no
// clock, puts the nonce into errors and reads keys as often as a stranger likes.
func (c *Client) idToken(ctx context.Context, p Provider, m metadata, token, accessToken, nonce string) (map[string]any, error) {
	signed, err := jose.ParseSignedCompact(token, algorithms())
	if err != nil {
		return nil, untrusted("the id_token is malformed or signed in a way that is not accepted")
	}
	// Whatever else the header offers (jwk, jku, x5u, x5c) is not looked at.
	header := signed.Signatures[0].Protected
	if kind, told := header.ExtraHeaders[jose.HeaderType]; told {
		if name, _ := kind.(string); !strings.EqualFold(strings.TrimPrefix(strings.ToLower(name), "application/"), "JWT") {
			return nil, untrusted("what came as the id_token is a token of another kind")
		}
	}
	keys, err := c.keysFor(ctx, m, header.Algorithm, header.KeyID)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, untrusted("the provider publishes no key that could have signed the id_token")
	}
	var claims map[string]any
	verified := slices.ContainsFunc(keys, func(k jose.JSONWebKey) bool {
		body, err := signed.Verify(k.Key)
		return err == nil && decode(body, &claims) == nil
	})
	if !verified {
		return nil, untrusted("the signature of the id_token is wrong")
	}
	if err := c.checkClaims(claims, p, nonce); err != nil {
		return nil, err
	}
	if err := c.checkAsked(claims, p); err != nil {
		return nil, err
	}
	if hash, told := claims["at_hash"]; told && hash != accessTokenHash(accessToken, header.Algorithm) {
		return nil, untrusted("the id_token belongs to another access token")
	}
	return claims, nil
}

// checkClaims checks what an id_token says of itself.
func (c *Client) checkClaims(claims map[string]any, p Provider, nonce string) error {
	audiences, azp := audience(claims["aud"]), claims["azp"]
	now := c.now()
	expires, hasExpiry := seconds(claims["exp"])
	issued, hasIssued := seconds(claims["iat"])
	from, hasFrom := seconds(claims["nbf"])
	switch {
	case text(claims, "iss") != p.Issuer:
		return untrusted("the id_token is of another issuer")
	case !slices.Contains(audiences, p.ClientID):
		return untrusted("the id_token is for another application")
	case azp != nil && azp != p.ClientID, azp == nil && len(audiences) > 1:
		return untrusted("the id_token was asked for by another application")
	case !hasExpiry || !now.Before(expires.Add(skew)):
		return untrusted("the id_token has expired")
	case !hasIssued || issued.After(now.Add(skew)):
		return untrusted("the id_token is from the future: one of the clocks is wrong")
	case claims["nbf"] != nil && (!hasFrom || from.After(now.Add(skew))):
		return untrusted("the id_token is not valid yet: one of the clocks is wrong")
	case nonce == "" || subtle.ConstantTimeCompare([]byte(text(claims, "nonce")), []byte(nonce)) != 1:
		return untrusted("the id_token belongs to another sign-in")
	case !validSubject(text(claims, "sub")):
		return untrusted("the id_token does not name a person")
	}
	return nil
}

// checkAsked checks that the provider did what parameters of the request asked
// for: on its way through the browser anybody can take these out.
func (c *Client) checkAsked(claims map[string]any, p Provider) error {
	if age, asked := p.Parameters[maxAge]; asked { // OpenID Connect Core section 3.1.3.7, 13
		limit, err := strconv.ParseUint(age, 10, 31)
		signedIn, told := seconds(claims["auth_time"])
		if err != nil || !told || c.now().After(signedIn.Add(time.Duration(limit)*time.Second+skew)) {
			return untrusted("the person signed in at the provider longer ago than is asked for")
		}
	}
	if domain, asked := p.Parameters[hostedDomain]; asked && text(claims, hostedDomain) != domain {
		return fmt.Errorf("%w: %w", ErrUntrusted, ErrOrganization)
	}
	return nil
}

// audience returns aud, which is one text or a list of texts, RFC 7519 section
// 4.1.3; nil when it is anything else.
func audience(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var list []string
		for _, item := range v {
			s, ok := item.(string)
			if !ok {
				return nil
			}
			list = append(list, s)
		}
		return list
	}
	return nil
}

// seconds reads a NumericDate, RFC 7519 section 2.
func seconds(v any) (time.Time, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return time.Time{}, false
	}
	f, err := n.Float64()
	if err != nil || math.Abs(f) > 1<<40 {
		return time.Time{}, false
	}
	return time.Unix(int64(f), 0), true
}

// accessTokenHash is the left half of the token's hash, in the hash of the
// signature's algorithm, OpenID Connect Core section 3.1.3.6.
func accessTokenHash(token, algorithm string) string {
	var sum []byte
	switch {
	case strings.HasSuffix(algorithm, "256"):
		h := sha256.Sum256([]byte(token))
		sum = h[:]
	case strings.HasSuffix(algorithm, "384"):
		h := sha512.Sum384([]byte(token))
		sum = h[:]
	default: // 512, and Ed25519, which hashes with SHA-512
		h := sha512.Sum512([]byte(token))
		sum = h[:]
	}
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}
