package wire

// Token is the answer of the token endpoint (RFC 6749, section 5.1) with the
// fields that clients of the contract read.
type Token struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"` // seconds
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	Scope        string `json:"scope"`
	ID           string `json:"jti"`
	Subject      string `json:"sub,omitempty"` // the user id
	Organization string `json:"organization,omitempty"`
	ConferenceID string `json:"conference_id,omitempty"` // ticket grant: the conference to join
}

// TokenError is the token endpoint's answer to a refused request (RFC 6749,
// section 5.2).
type TokenError struct {
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

// Error returns the sentence for people, or the code when there is none.
func (e *TokenError) Error() string {
	if e.Description != "" {
		return e.Description
	}
	return e.Code
}

// VoiceToken is the answer of /api/v1/oauth2/token in the words of Bandwidth's
// In-App Calling. ID equals the token's jti.
type VoiceToken struct {
	AccessToken string `json:"access_token"`
	ID          string `json:"access_token_id"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"` // seconds
}

// CallingToken is the answer of /v1/access_token in the words of Webex.
type CallingToken struct {
	AccessToken      string `json:"access_token"`
	TokenType        string `json:"token_type"`
	ExpiresIn        int64  `json:"expires_in"` // seconds
	RefreshToken     string `json:"refresh_token,omitempty"`
	RefreshExpiresIn int64  `json:"refresh_token_expires_in,omitempty"` // seconds
	Scope            string `json:"scope"`
}
