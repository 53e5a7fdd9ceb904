package api

import (
	"guichet/platform/openapi"
	"guichet/platform/wire"
)

// The bodies of the token service that no Go type of ours has: forms, and the
// answers of published standards. Tests hold them against the running server.
type (
	// tokenForm asks for a token; which members are needed depends on the grant.
	tokenForm struct {
		GrantType    string `json:"grant_type"` // client_credentials, authorization_code, refresh_token, urn:ietf:params:oauth:grant-type:device_code, or password for a ticket
		ClientID     string `json:"client_id,omitempty"`
		ClientSecret string `json:"client_secret,omitempty"`
		Scope        string `json:"scope,omitempty"`
		Code         string `json:"code,omitempty"`
		RedirectURI  string `json:"redirect_uri,omitempty"`
		CodeVerifier string `json:"code_verifier,omitempty"`
		RefreshToken string `json:"refresh_token,omitempty"`
		DeviceCode   string `json:"device_code,omitempty"`
		Username     string `json:"username,omitempty"` // a ticket's id
		Password     string `json:"password,omitempty"` // the browser's own key
	}
	aboutTokenForm struct {
		Token        string `json:"token"`
		ClientID     string `json:"client_id,omitempty"`
		ClientSecret string `json:"client_secret,omitempty"`
	}
	deviceForm struct {
		ClientID     string `json:"client_id,omitempty"`
		ClientSecret string `json:"client_secret,omitempty"`
		Scope        string `json:"scope,omitempty"`
	}
	deviceAuthorization struct {
		DeviceCode              string `json:"device_code"`
		UserCode                string `json:"user_code"`
		VerificationURI         string `json:"verification_uri"`
		VerificationURIComplete string `json:"verification_uri_complete,omitempty"`
		ExpiresIn               int64  `json:"expires_in"`
		Interval                int64  `json:"interval,omitempty"`
	}
	introspection struct {
		Active       bool     `json:"active"`
		Scope        string   `json:"scope,omitempty"`
		ClientID     string   `json:"client_id,omitempty"`
		Username     string   `json:"username,omitempty"`
		TokenType    string   `json:"token_type,omitempty"`
		Expires      int64    `json:"exp,omitempty"`
		IssuedAt     int64    `json:"iat,omitempty"`
		Subject      string   `json:"sub,omitempty"`
		Audience     string   `json:"aud,omitempty"`
		Issuer       string   `json:"iss,omitempty"`
		ID           string   `json:"jti,omitempty"`
		UserID       string   `json:"userId,omitempty"`
		Authorities  []string `json:"authorities,omitempty"`
		Organization string   `json:"organization,omitempty"`
	}
	userInfo struct {
		Subject           string `json:"sub"`
		Name              string `json:"name,omitempty"`
		PreferredUsername string `json:"preferred_username,omitempty"`
	}
	keySet struct {
		Keys []publicKey `json:"keys"`
	}
	publicKey struct {
		Type      string `json:"kty"`
		ID        string `json:"kid"`
		Use       string `json:"use"`
		Algorithm string `json:"alg"`
		Modulus   string `json:"n,omitempty"`
		Exponent  string `json:"e,omitempty"`
		Curve     string `json:"crv,omitempty"`
		X         string `json:"x,omitempty"`
		Y         string `json:"y,omitempty"`
	}
	serverMetadata struct {
		Issuer                string   `json:"issuer"`
		Authorization         string   `json:"authorization_endpoint"`
		Token                 string   `json:"token_endpoint"`
		Revocation            string   `json:"revocation_endpoint"`
		Introspection         string   `json:"introspection_endpoint"`
		DeviceAuthorization   string   `json:"device_authorization_endpoint"`
		UserInfo              string   `json:"userinfo_endpoint"`
		EndSession            string   `json:"end_session_endpoint"`
		Keys                  string   `json:"jwks_uri"`
		Scopes                []string `json:"scopes_supported"`
		ResponseTypes         []string `json:"response_types_supported"`
		ResponseModes         []string `json:"response_modes_supported"`
		Grants                []string `json:"grant_types_supported"`
		SubjectTypes          []string `json:"subject_types_supported"`
		IDTokenAlgorithms     []string `json:"id_token_signing_alg_values_supported"`
		TokenMethods          []string `json:"token_endpoint_auth_methods_supported"`
		RevocationMethods     []string `json:"revocation_endpoint_auth_methods_supported"`
		IntrospectionMethods  []string `json:"introspection_endpoint_auth_methods_supported"`
		CodeChallengeMethods  []string `json:"code_challenge_methods_supported"`
		Claims                []string `json:"claims_supported"`
		RequestURI            bool     `json:"request_uri_parameter_supported"`
		IssuerInAuthorization bool     `json:"authorization_response_iss_parameter_supported"`
	}
)

const formType = "application/x-www-form-urlencoded"

// byClient is for what an application asks as itself, by Basic or in the form.
func byClient(form any, statuses ...int) with {
	return func(o *openapi.Operation) {
		o.Security = []openapi.Requirement{{Scheme: "basic"}, {}}
		body(formType, form)(o)
		failing(ofToken, append(statuses, 400, 401, 413, 415, 429, 500)...)(o)
	}
}

func tokens() group {
	const base = "/security/oauth/"
	anybody := []with{open, failing(ofToken, 500)}
	aboutUser := []with{func(o *openapi.Operation) {
		o.Security = []openapi.Requirement{{Scheme: "bearer", Scopes: []string{"openid"}}}
	}, failing(ofToken, 401, 403, 500)}
	return group{"Tokens", "OAuth 2.0 and OpenID Connect: how everybody signs in. One service, asked in the words of four vendors.", "", []line{
		{"POST " + base + "token", "createToken", "Get a token (RFC 6749, RFC 8628); the grant password redeems a ticket", anyone, nil, wire.Token{}, nil, []with{byClient(tokenForm{})}},
		{"POST /oauth/token", "createTokenAudioCodes", "Get a token, the path of AudioCodes' clients", anyone, nil, wire.Token{}, nil, []with{byClient(tokenForm{})}},
		{"POST /api/v1/oauth2/token", "createTokenBandwidth", "Get a token, the path of Bandwidth's clients", anyone, nil, wire.VoiceToken{}, nil, []with{byClient(tokenForm{})}},
		{"POST /v1/access_token", "createTokenWebex", "Get a token, the path of Webex clients", anyone, nil, wire.CallingToken{}, nil, []with{byClient(tokenForm{})}},
		{"POST " + base + "revoke", "revokeToken", "Revoke a token (RFC 7009)", anyone, nil, nil, nil, []with{byClient(aboutTokenForm{}), instead(200, "Revoked, or not the caller's to revoke", "", nil)}},
		{"POST " + base + "introspect", "introspectToken", "Ask what a token is worth (RFC 7662)", anyone, nil, introspection{}, nil, []with{byClient(aboutTokenForm{})}},
		{"POST " + base + "device", "authorizeDevice", "Begin to sign a device in (RFC 8628)", anyone, nil, deviceAuthorization{}, nil, []with{byClient(deviceForm{})}},
		{"GET " + base + "userinfo", "getUserInfo", "Read who signed in (OpenID Connect Core, section 5.3)", anyone, nil, userInfo{}, nil, aboutUser},
		{"POST " + base + "userinfo", "postUserInfo", "Read who signed in", anyone, nil, userInfo{}, nil, aboutUser},
		{"GET " + base + "jwks", "getKeys", "Read the keys that verify tokens (RFC 7517)", anyone, nil, keySet{}, nil, anybody},
		{"GET /.well-known/oauth-authorization-server", "getServerMetadata", "Read what the token service can do (RFC 8414)", anyone, nil, serverMetadata{}, nil, anybody},
		{"GET /.well-known/openid-configuration", "getOpenIDConfiguration", "Read what the token service can do (OpenID Connect Discovery)", anyone, nil, serverMetadata{}, nil, anybody},
	}}
}

// pageOf is an address for browsers: it answers with a page or sends them on.
func pageOf(statuses ...int) with {
	return func(o *openapi.Operation) {
		open(o)
		failing(plain)(o)
		instead(200, "A page", "text/html", nil)(o)
		for _, status := range statuses {
			if status == 303 {
				also(303, "The browser goes on elsewhere", "", nil)(o)
				continue
			}
			also(status, meaning(codeOf(status))+", on a page", "text/html", nil)(o)
		}
	}
}

// signIn is what browsers see of the token service.
func signIn() group {
	authorize := []with{pageOf(303, 400, 403, 413, 415, 429, 500, 502), query("client_id", "", "The application"), query("response_type", "", "code"),
		query("redirect_uri", "", "Where the browser goes with the code; registered"), query("scope", "", "Words separated by spaces"), query("state", "", "Given back"),
		query("code_challenge", "", "RFC 7636"), query("code_challenge_method", "", "S256"), query("nonce", "", "Of the id token")}
	page := []with{pageOf(303, 400, 403, 413, 415, 429, 500, 502)}
	return group{"Sign-in pages", "Addresses that a browser is sent to, not programs.", "", []line{
		{"GET /security/oauth/authorize", "authorize", "Sign in and come back with a code (RFC 6749, section 4.1)", anyone, nil, nil, nil, authorize},
		{"POST /security/oauth/authorize", "postAuthorize", "The same by a form", anyone, nil, nil, nil, page},
		{"GET /v1/authorize", "authorizeWebex", "Sign in, the path of Webex clients", anyone, nil, nil, nil, authorize},
		{"POST /v1/authorize", "postAuthorizeWebex", "The same by a form", anyone, nil, nil, nil, page},
		{"GET /security/oauth/end-session", "endSession", "Sign out (OpenID Connect RP-Initiated Logout)", anyone, nil, nil, nil, append([]with{query("id_token_hint", "", "Names the session"),
			query("client_id", "", "The application"), query("post_logout_redirect_uri", "", "Where the browser goes then; registered"), query("state", "", "Given back")}, page...)},
		{"POST /security/oauth/end-session", "postEndSession", "The same by a form", anyone, nil, nil, nil, page},
		{"POST /sign-in", "signIn", "The form of the sign-in page", anyone, nil, nil, nil, page},
		{"GET /sign-in/with", "signInWith", "The sign-in page's button of an identity provider", anyone, nil, nil, nil, page},
		{"GET /sign-in/callback/{provider}", "signInCallback", "Where an identity provider sends the browser back to", anyone, nil, nil, nil, page},
		{"GET /sign-in/style.css", "getSignInStyle", "The look of these pages", anyone, nil, nil, nil, []with{open, failing(plain), instead(200, "The style", "text/css", nil)}},
		{"GET /device", "openDevicePage", "Where people type the code that a device shows", anyone, nil, nil, nil, page},
		{"POST /device", "postDeviceCode", "The form of that page", anyone, nil, nil, nil, page},
		{"POST /device/decide", "decideDevice", "Let the device in, or not", anyone, nil, nil, nil, page},
	}}
}

// pages is the rest: what people open, and what machines watch.
func pages() group {
	page := []with{open, failing(plain), instead(200, "A page", "text/html", nil)}
	text := []with{open, failing(plain), instead(200, "Yes", "text/plain", "")}
	return group{"Pages and health", "What people open, and what machines watch.", "", []line{
		{"GET /r/{room}", "openRoom", "The page of a room; the room token follows in the fragment, which stays in the browser", anyone, nil, nil, nil, append(page[:3:3], func(o *openapi.Operation) {
			o.Parameters = append(o.Parameters, openapi.Parameter{Name: "room", In: "path", Of: "", Description: "The room's name"})
		})},
		{"GET /a", "openAgent", "The page of an agent's link, where they sign in and join its conference in the browser", anyone, nil, nil, nil, page},
		{"GET /admin", "openSettings", "The settings page", anyone, nil, nil, nil, page},
		{"GET /admin/{$}", "openSettingsFolder", "The settings page", anyone, nil, nil, nil, page},
		{"GET /docs", "openDocs", "This document as a page", anyone, nil, nil, nil, page},
		{"GET /openapi.json", "getDocument", "This document", anyone, nil, map[string]any{}, nil, []with{open, failing(plain), also(304, "Not modified", "", nil)}},
		{"GET /healthz", "isAlive", "Tell that the server lives", anyone, nil, nil, nil, text},
		{"GET /readyz", "isReady", "Tell whether the server serves", anyone, nil, nil, nil, append(text, also(503, "Not now", "text/plain", ""))},
		{"GET /ws", "connectMQTT", "MQTT 3.1.1 over WebSocket: the user name is an access token", anyone, nil, nil, nil, []with{open, failing(plain), instead(101, "A WebSocket with the subprotocol mqtt", "", nil)}},
	}}
}
