// Command echo joins the call of a ticket's link and answers what is written.
package main

import (
	"context"
	"crypto/rand"
	"log"
	"os"
	"os/signal"

	"guichet/app/client"
	"guichet/platform/wire"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	c, conference, err := client.NewGuest(ctx, client.Config{}, os.Args[1], rand.Text())
	if err != nil {
		log.Fatal(err)
	}
	connection := c.Connect(client.ConnectionConfig{})
	defer connection.Close()
	messages := make(chan wire.ChatMessage, 100)
	call, err := connection.Join(client.CallConfig{Conference: conference, Metadata: wire.ParticipantMetadata{Name: "Echo"},
		OnMessage: func(m wire.ChatMessage) { messages <- m }})
	for err == nil {
		select {
		case m := <-messages:
			if m.Name != "Echo" {
				_, err = call.SendMessage(ctx, "", "You wrote: "+m.Text)
			}
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if call != nil {
		call.Leave("done")
	}
	log.Print("left: ", err)
}
