// Package signin signs people in at a server and keeps them signed in: by the
// browser (RFC 8252: authorization code with PKCE and a loopback redirect), by a
// ticket, or by an application's own secret for machines without a person.
//
// It owns the tokens: they are in memory, and the refresh token in a Vault, and
// nowhere in logs or errors. It knows no window and no call. Everything is safe
// for concurrent use; the goroutine that an Account starts to refresh its token
// is waited for by Account.Close.
package signin
