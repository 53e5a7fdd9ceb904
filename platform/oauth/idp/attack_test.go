package idp_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"guichet/platform/oauth/idp"

	jose "github.com/go-jose/go-jose/v4"
)

func keyFor(t *testing.T, algorithm jose.SignatureAlgorithm) crypto.Signer {
	t.Helper()
	var (
		k   crypto.Signer
		err error
	)
	switch algorithm {
	case jose.ES384:
		k, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case jose.ES256:
		k = ecKey(t)
	case jose.EdDSA:
		_, k, err = ed25519.GenerateKey(rand.Reader)
	default:
		k, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func atHash(algorithm jose.SignatureAlgorithm, token string) string {
	a, b, c := sha256.Sum256([]byte(token)), sha512.Sum384([]byte(token)), sha512.Sum512([]byte(token))
	sum := c[:]
	switch {
	case strings.HasSuffix(string(algorithm), "256"):
		sum = a[:]
	case strings.HasSuffix(string(algorithm), "384"):
		sum = b[:]
	}
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

func segment(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func TestForgedAnswersAreRefused(t *testing.T) {
	soon := noon().Add(time.Minute).Unix()
	for name, tc := range map[string]struct {
		arrange func(f *fake)
		want    error // nil: the answer is good
	}{
		"answer without iss": {func(f *fake) { f.tamper = func(a url.Values) { a.Del("iss") } }, idp.ErrUntrusted},
		"answer without iss where none is promised": {func(f *fake) {
			f.metadata["authorization_response_iss_parameter_supported"] = nil
			f.tamper = func(a url.Values) { a.Del("iss") }
		}, nil},
		"answer of another issuer": {func(f *fake) { f.tamper = func(a url.Values) { a.Set("iss", "https://other.example") } }, idp.ErrUntrusted},
		"answer of another issuer where none is promised": {func(f *fake) {
			f.metadata["authorization_response_iss_parameter_supported"] = false
			f.tamper = func(a url.Values) { a.Set("iss", f.URL+"/") }
		}, idp.ErrUntrusted},
		"answer with empty iss":   {func(f *fake) { f.tamper = func(a url.Values) { a.Set("iss", "") } }, idp.ErrUntrusted},
		"answer with iss twice":   {func(f *fake) { f.tamper = func(a url.Values) { a.Add("iss", "https://other.example") } }, idp.ErrUntrusted},
		"answer with code twice":  {func(f *fake) { f.tamper = func(a url.Values) { a.Add("code", "another") } }, idp.ErrUntrusted},
		"answer without code":     {func(f *fake) { f.tamper = func(a url.Values) { a.Del("code") } }, idp.ErrUntrusted},
		"answer with a huge code": {func(f *fake) { f.tamper = func(a url.Values) { a.Set("code", strings.Repeat("c", 5000)) } }, idp.ErrUntrusted},
		"error of another issuer": {func(f *fake) {
			f.tamper = func(a url.Values) { a.Set("error", "x"); a.Set("iss", "https://other.example") }
		}, idp.ErrUntrusted},
		"error and code":            {func(f *fake) { f.tamper = func(a url.Values) { a.Set("error", "access_denied") } }, idp.ErrRefused},
		"token of another issuer":   {func(f *fake) { f.claims["iss"] = "https://other.example" }, idp.ErrUntrusted},
		"token without issuer":      {func(f *fake) { f.claims["iss"] = nil }, idp.ErrUntrusted},
		"issuer in capitals only":   {func(f *fake) { f.claims["iss"] = nil; f.claims["ISS"] = f.URL }, idp.ErrUntrusted},
		"other audience":            {func(f *fake) { f.claims["aud"] = "other" }, idp.ErrUntrusted},
		"no audience":               {func(f *fake) { f.claims["aud"] = nil }, idp.ErrUntrusted},
		"audience of mixed types":   {func(f *fake) { f.claims["aud"] = []any{"guichet", 7}; f.claims["azp"] = "guichet" }, idp.ErrUntrusted},
		"audience list":             {func(f *fake) { f.claims["aud"] = []string{"guichet"} }, nil},
		"two audiences without azp": {func(f *fake) { f.claims["aud"] = []string{"guichet", "other"} }, idp.ErrUntrusted},
		"two audiences with azp":    {func(f *fake) { f.claims["aud"] = []string{"guichet", "other"}; f.claims["azp"] = "guichet" }, nil},
		"other azp":                 {func(f *fake) { f.claims["azp"] = "other" }, idp.ErrUntrusted},
		"azp that is no text":       {func(f *fake) { f.claims["azp"] = []string{"guichet"} }, idp.ErrUntrusted},
		"expired":                   {func(f *fake) { f.claims["exp"] = noon().Add(-time.Minute).Unix() }, idp.ErrUntrusted},
		"expired within the skew":   {func(f *fake) { f.claims["exp"] = noon().Add(-59 * time.Second).Unix() }, nil},
		"no expiry":                 {func(f *fake) { f.claims["exp"] = nil }, idp.ErrUntrusted},
		"expiry as text":            {func(f *fake) { f.claims["exp"] = "9999999999" }, idp.ErrUntrusted},
		"expiry beyond all":         {func(f *fake) { f.claims["exp"] = json.Number("1e300") }, idp.ErrUntrusted},
		"expiry with a fraction":    {func(f *fake) { f.claims["exp"] = json.Number("1.9e9") }, nil},
		"from the future":           {func(f *fake) { f.claims["iat"] = soon + 1 }, idp.ErrUntrusted},
		"future within the skew":    {func(f *fake) { f.claims["iat"] = soon }, nil},
		"without time of issue":     {func(f *fake) { f.claims["iat"] = nil }, idp.ErrUntrusted},
		"not valid yet":             {func(f *fake) { f.claims["nbf"] = soon + 1 }, idp.ErrUntrusted},
		"not before as text":        {func(f *fake) { f.claims["nbf"] = "x" }, idp.ErrUntrusted},
		"other nonce":               {func(f *fake) { f.claims["nonce"] = "other" }, idp.ErrUntrusted},
		"no nonce":                  {func(f *fake) { f.claims["nonce"] = nil }, idp.ErrUntrusted},
		"no subject":                {func(f *fake) { f.claims["sub"] = nil }, idp.ErrUntrusted},
		"subject with control":      {func(f *fake) { f.claims["sub"] = "person\x00-1" }, idp.ErrUntrusted},
		"subject too long":          {func(f *fake) { f.claims["sub"] = strings.Repeat("s", 256) }, idp.ErrUntrusted},
		"hash of another token":     {func(f *fake) { f.claims["at_hash"] = atHash(jose.ES256, "other") }, idp.ErrUntrusted},
		"hash that is no text":      {func(f *fake) { f.claims["at_hash"] = 7 }, idp.ErrUntrusted},
		"access token as id_token":  {func(f *fake) { f.header["typ"] = "at+jwt" }, idp.ErrUntrusted},
		"logout token as id_token":  {func(f *fake) { f.header["typ"] = "application/logout+jwt" }, idp.ErrUntrusted},
		"type that is no text":      {func(f *fake) { f.header["typ"] = 7 }, idp.ErrUntrusted},
		"type left out":             {func(f *fake) { f.header["typ"] = nil }, nil},
		"unknown critical header":   {func(f *fake) { f.header["crit"] = []string{"x"}; f.header["x"] = 1 }, idp.ErrUntrusted},
		"kid that is a path":        {func(f *fake) { f.header["kid"] = "../../etc/passwd" }, idp.ErrUntrusted},
		"other key with this kid":   {func(f *fake) { f.key = ecKey(t) }, idp.ErrUntrusted},
		"key for encryption":        {func(f *fake) { f.jwks[0].Use = "enc" }, idp.ErrUntrusted},
		"key of another algorithm":  {func(f *fake) { f.jwks[0].Algorithm = "ES384" }, idp.ErrUntrusted},
		"provider without keys":     {func(f *fake) { f.jwks = nil }, idp.ErrUntrusted},
		"no token":                  {func(f *fake) { f.token = " " }, idp.ErrUntrusted},
		"token of two parts":        {func(f *fake) { f.token = "a.b" }, idp.ErrUntrusted},
		"token as JSON": {func(f *fake) {
			f.issue = func(claims map[string]any) string {
				parts := strings.Split(f.signed(f.key, f.algorithm, map[string]any{"kid": f.kid}, claims), ".")
				return `{"protected":"` + parts[0] + `","payload":"` + parts[1] + `","signature":"` + parts[2] + `"}`
			}
		}, idp.ErrUntrusted},
		"claims that are a list": {func(f *fake) {
			f.issue = func(map[string]any) string { return sealed(f, []byte(`["iss"]`)) }
		}, idp.ErrUntrusted},
		"claims that are null": {func(f *fake) {
			f.issue = func(map[string]any) string { return sealed(f, []byte(`null`)) }
		}, idp.ErrUntrusted},
		"access token that is not to be borne": {func(f *fake) { f.tokenType = "mac" }, idp.ErrUntrusted},
		"access token borne in other letters":  {func(f *fake) { f.tokenType = "bEARER" }, nil},
		"expiry in another unit":               {func(f *fake) { f.claims["exp"] = int64(1e15) }, idp.ErrUntrusted},
		"alg none": {func(f *fake) {
			f.issue = func(claims map[string]any) string {
				return segment(map[string]any{"alg": "none", "kid": f.kid}) + "." + segment(claims) + "."
			}
		}, idp.ErrUntrusted},
		"alg None": {func(f *fake) {
			f.issue = func(claims map[string]any) string {
				return segment(map[string]any{"alg": "None", "kid": f.kid}) + "." + segment(claims) + "."
			}
		}, idp.ErrUntrusted},
		"empty signature": {func(f *fake) {
			f.issue = func(claims map[string]any) string {
				return segment(map[string]any{"alg": "ES256", "kid": f.kid}) + "." + segment(claims) + "."
			}
		}, idp.ErrUntrusted},
		"claims swapped": {func(f *fake) {
			f.issue = func(claims map[string]any) string {
				parts := strings.Split(f.signed(f.key, f.algorithm, map[string]any{"kid": f.kid}, claims), ".")
				return parts[0] + "." + segment(merged(claims, map[string]any{"sub": "admin"})) + "." + parts[2]
			}
		}, idp.ErrUntrusted},
		"curve of another algorithm": {func(f *fake) {
			f.jwks[0].Algorithm = ""
			f.issue = func(claims map[string]any) string {
				input := segment(map[string]any{"alg": "ES384", "kid": f.kid}) + "." + segment(claims)
				sum := sha512.Sum384([]byte(input))
				r, s, err := ecdsa.Sign(rand.Reader, f.key.(*ecdsa.PrivateKey), sum[:])
				if err != nil {
					t.Fatal(err)
				}
				return input + "." + base64.RawURLEncoding.EncodeToString(append(r.FillBytes(make([]byte, 48)), s.FillBytes(make([]byte, 48))...))
			}
		}, idp.ErrUntrusted},
		"secret key among the keys": {func(f *fake) {
			shared := []byte(strings.Repeat("k", 32))
			f.jwks = []jose.JSONWebKey{{Key: shared, KeyID: f.kid, Algorithm: "HS256"}}
			f.issue = func(claims map[string]any) string {
				return f.signed(shared, jose.HS256, map[string]any{"kid": f.kid}, claims)
			}
		}, idp.ErrUntrusted},
		"HS256 with the client secret": {func(f *fake) {
			f.issue = func(claims map[string]any) string {
				return f.signed([]byte(secret+strings.Repeat("-", 32)), jose.HS256, map[string]any{"kid": f.kid}, claims)
			}
		}, idp.ErrUntrusted},
		"weak RSA key": {func(f *fake) {
			weak, err := rsa.GenerateKey(rand.Reader, 1024)
			if err != nil {
				t.Fatal(err)
			}
			f.publish(f.kid, weak.Public(), "")
			f.issue = func(claims map[string]any) string {
				return f.signed(weak, jose.RS256, map[string]any{"kid": f.kid}, claims)
			}
		}, idp.ErrUntrusted},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			tc.arrange(f)
			_, err := f.signIn(t, newClient(t), f.provider())
			if !errors.Is(err, tc.want) || tc.want == nil && err != nil {
				t.Errorf("error %v, not %v", err, tc.want)
			}
		})
	}
}

// sealed signs any bytes with the provider's key.
func sealed(f *fake, body []byte) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: f.algorithm, Key: f.key}, (&jose.SignerOptions{}).WithHeader("kid", f.kid))
	if err != nil {
		panic(err)
	}
	token, err := signer.Sign(body)
	if err != nil {
		panic(err)
	}
	text, err := token.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return text
}

// The provider's public key is known to all: as the secret of an HMAC it proves
// nothing.
func TestPublicKeyIsNoSecret(t *testing.T) {
	f := newFake(t)
	key := keyFor(t, jose.RS256)
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	f.publish(f.kid, key.Public(), "")
	f.issue = func(claims map[string]any) string {
		input := segment(map[string]any{"alg": "HS256", "kid": f.kid}) + "." + segment(claims)
		mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
		mac.Write([]byte(input))
		return input + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	if _, err := f.signIn(t, newClient(t), f.provider()); !errors.Is(err, idp.ErrUntrusted) {
		t.Error(err)
	}
}

// A header may name or hold the attacker's key. Neither is used nor fetched.
func TestKeysOfTheHeaderAreIgnored(t *testing.T) {
	evil := newFake(t)
	evil.publish("key-1", evil.key.Public(), "ES256")
	for name, header := range map[string]map[string]any{
		"jwk": {"jwk": jose.JSONWebKey{Key: evil.key.Public(), KeyID: "key-1"}},
		"jku": {"jku": evil.URL + "/jwks"},
		"x5u": {"x5u": evil.URL + "/jwks"},
	} {
		t.Run(name, func(t *testing.T) {
			for kid, key := range map[string]any{"key-1": evil.key, "mine": evil.key} {
				f := newFake(t)
				f.issue = func(claims map[string]any) string {
					return f.signed(key, jose.ES256, merged(header, map[string]any{"kid": kid}), claims)
				}
				if _, err := f.signIn(t, newClient(t), f.provider()); !errors.Is(err, idp.ErrUntrusted) {
					t.Errorf("kid %s: %v", kid, err)
				}
			}
			f := newFake(t)
			f.header = header
			if _, err := f.signIn(t, newClient(t), f.provider()); name == "jku" && err != nil {
				t.Errorf("the provider's own signature is refused for a header that is ignored: %v", err)
			}
		})
	}
	if n := evil.count("/jwks"); n != 0 {
		t.Errorf("the attacker's keys were read %d times", n)
	}
}

// Metadata and answers are of other issuers, or send us elsewhere.
func TestForgedMetadataAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		arrange func(f *fake, p *idp.Provider)
		want    error
	}{
		"other issuer":         {func(f *fake, _ *idp.Provider) { f.metadata["issuer"] = "https://other.example" }, idp.ErrUntrusted},
		"issuer with a slash":  {func(f *fake, p *idp.Provider) { p.Issuer += "/" }, idp.ErrUntrusted},
		"no issuer":            {func(f *fake, _ *idp.Provider) { f.metadata["issuer"] = nil }, idp.ErrUntrusted},
		"no token endpoint":    {func(f *fake, _ *idp.Provider) { f.metadata["token_endpoint"] = nil }, idp.ErrUnreachable},
		"endpoint of a script": {func(f *fake, _ *idp.Provider) { f.metadata["authorization_endpoint"] = "javascript:alert(1)" }, idp.ErrUnreachable},
		"endpoint of a file":   {func(f *fake, _ *idp.Provider) { f.metadata["jwks_uri"] = "file:///etc/passwd" }, idp.ErrUnreachable},
		"endpoint with a name": {func(f *fake, _ *idp.Provider) {
			f.metadata["token_endpoint"] = strings.Replace(f.URL, "//", "//a:b@", 1) + "/token"
		}, idp.ErrUnreachable},
		"endpoint of a script with a host": {func(f *fake, _ *idp.Provider) {
			f.metadata["authorization_endpoint"] = "javascript://login.example/%0aalert(1)"
		}, idp.ErrUnreachable},
		"token to the inside":  {func(f *fake, _ *idp.Provider) { f.metadata["token_endpoint"] = "http://127.0.0.2:1/token" }, idp.ErrForbiddenAddress},
		"token to the cloud":   {func(f *fake, _ *idp.Provider) { f.metadata["token_endpoint"] = "http://169.254.169.254/latest" }, idp.ErrForbiddenAddress},
		"keys from the inside": {func(f *fake, _ *idp.Provider) { f.metadata["jwks_uri"] = "https://[::1]:1/jwks" }, idp.ErrForbiddenAddress},
		"userinfo from the net": {func(f *fake, _ *idp.Provider) {
			f.claims["name"] = nil
			f.metadata["userinfo_endpoint"] = "http://10.0.0.1/"
		}, idp.ErrForbiddenAddress},
		"metadata are a list": {func(f *fake, _ *idp.Provider) {
			f.override["/.well-known/openid-configuration"] = func(w http.ResponseWriter, _ *http.Request) { respond(w, 200, []int{1}) }
		}, idp.ErrUnreachable},
		"metadata are not found": {func(f *fake, _ *idp.Provider) {
			f.override["/.well-known/openid-configuration"] = http.NotFound
		}, idp.ErrUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			p := f.provider()
			tc.arrange(f, &p)
			if _, err := f.signIn(t, newClient(t), p); !errors.Is(err, tc.want) {
				t.Errorf("error %v, not %v", err, tc.want)
			}
		})
	}
}

func TestTokenEndpointAnswers(t *testing.T) {
	var elsewhere atomic.Int32
	other := newFake(t)
	other.override["/stolen"] = func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }
	for name, tc := range map[string]struct {
		handler http.HandlerFunc
		want    error
	}{
		"refusal": {func(w http.ResponseWriter, _ *http.Request) {
			respond(w, 400, map[string]any{"error": "invalid_grant"})
		}, idp.ErrRefused},
		"refusal with 200": {func(w http.ResponseWriter, _ *http.Request) {
			respond(w, 200, map[string]any{"error": "invalid_grant"})
		}, idp.ErrRefused},
		"failure": {func(w http.ResponseWriter, _ *http.Request) { respond(w, 500, map[string]any{"error": "server_error"}) }, idp.ErrUnreachable},
		"page":    {func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>" + secret)) }, idp.ErrUnreachable},
		"nothing": {func(w http.ResponseWriter, _ *http.Request) { respond(w, 200, map[string]any{}) }, idp.ErrUnreachable},
		"no id_token": {func(w http.ResponseWriter, _ *http.Request) {
			respond(w, 200, map[string]any{"access_token": accessToken})
		}, idp.ErrUntrusted},
		"id_token is a list": {func(w http.ResponseWriter, _ *http.Request) {
			respond(w, 200, map[string]any{"access_token": accessToken, "id_token": []int{1}})
		}, idp.ErrUntrusted},
		"hangs up": {func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }, idp.ErrUnreachable},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+"/stolen", http.StatusTemporaryRedirect)
		}, idp.ErrUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.override["/token"] = tc.handler
			if _, err := f.signIn(t, newClient(t), f.provider()); !errors.Is(err, tc.want) {
				t.Errorf("error %v, not %v", err, tc.want)
			}
		})
	}
	if elsewhere.Load() != 0 {
		t.Error("a redirect was followed")
	}
}

func TestErrorCodesAreHarmless(t *testing.T) {
	for sent, want := range map[string]string{
		"access_denied": "access_denied", "AADSTS50105": "AADSTS50105", "two words": "unknown", "<b>": "unknown",
		"a\r\nb": "unknown", strings.Repeat("e", 65): "unknown",
	} {
		f := newFake(t)
		f.tamper = func(a url.Values) { a.Del("code"); a.Set("error", sent); a.Set("error_description", secret) }
		_, err := f.signIn(t, newClient(t), f.provider())
		var refused *idp.RefusedError
		if !errors.As(err, &refused) || refused.Code != want {
			t.Errorf("%q: %v", sent, err)
		}
	}
}
