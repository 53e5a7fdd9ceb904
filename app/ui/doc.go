// Package ui is the agent's window: sign-in, lobby and call. It is the only
// package that imports Fyne.
//
// It owns widgets, colours, focus and keys, and turns snapshots of
// app/session into screens; it decides nothing about calls, devices or
// accounts. Every widget and every screen is touched by Fyne's goroutine
// alone: Window.Apply is the one border over which other goroutines bring
// news, and pulse the one by which time does. Pictures are converted on the
// goroutines that decode them, into buffers that a tile then shows.
package ui
