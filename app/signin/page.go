package signin

import (
	"crypto/rand"
	"html/template"
	"net/http"
)

// page is what the browser shows when it comes back.
func page(w http.ResponseWriter, status int, title, text string) {
	nonce := rand.Text()
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+nonce+"'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Connection", "close")
	w.WriteHeader(status)
	// An error here is a browser that went away.
	_ = template.Must(template.New("page").Parse(pageText)).Execute(w, map[string]any{"Nonce": nonce, "Title": title, "Text": text})
}

const pageText = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<style nonce="{{.Nonce}}">
:root { color-scheme: light dark; --ground: #FFFFFF; --text: #16212B; --muted: #55636F }
@media (prefers-color-scheme: dark) { :root { --ground: #10181F; --text: #E8EEF2; --muted: #9DB0BD } }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 30em; padding: 24px; text-align: center }
h1 { margin: 0 0 8px; font-size: 24px }
p { margin: 0; color: var(--muted) }
</style>
<main><h1>{{.Title}}</h1><p>{{.Text}}</p></main>
</html>
`
