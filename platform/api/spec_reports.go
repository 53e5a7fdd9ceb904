package api

import (
	"strings"

	"guichet/platform/openapi"
	"guichet/platform/wire"
)

func reports() group {
	const base = "GET /rtc-api/reports/"
	g := group{"Reports", "Who met whom, when, for how long and how well: of one's own organization, for supervisors and administrators. " +
		"The newest rows come first, agents by their ids.", "report", nil}
	add := func(name, id, summary string, gives any, about func(filter string) string, filters ...string) {
		l := line{base + name, id, summary, reportsRead, nil, gives, []int{400}, []with{
			query("from", wire.Time{}, "Not before this time; 31 days before to when it is missing"),
			query("to", wire.Time{}, "Before this time; now when it is missing"),
			query("limit", int64(0), "Rows of a page, 1 to 500; 100 when it is missing. CSV always goes on to the end"),
			query("cursor", "", "The next of an earlier page, with the same other parameters"),
			query("format", "", "json or csv; without it what Accept asks for, or json"), inCSV}}
		for _, f := range filters {
			l.with = append(l.with, query(f, "", about(f)))
		}
		g.lines = append(g.lines, l)
	}
	attended := func(f string) string {
		return map[string]string{filterUser: "With this user", filterConference: "Of this conference", filterInteraction: "Of this interaction",
			filterApplication: "With somebody who joined by this application"}[f]
	}
	own := func(f string) string {
		return strings.Replace(attended(f), "With somebody who joined", "Of who joined", 1)
	}
	made := func(f string) string {
		return map[string]string{filterUser: "Made by this user", filterConference: "To this conference", filterApplication: "With this property applicationId"}[f]
	}
	add("interactions", "reportInteractions", "Tell of the meetings that began in a time", wire.Page[wire.InteractionReport]{}, attended, filterUser, filterConference, filterInteraction, filterApplication)
	add("agents", "reportAgents", "Tell what agents did in the calls that they joined in a time", wire.Page[wire.AgentReport]{}, own, filterUser, filterConference, filterInteraction, filterApplication)
	add("tickets", "reportTickets", "Tell what became of the tickets made in a time", wire.Page[wire.TicketReport]{}, made, filterUser, filterConference, filterApplication)
	add("network-quality", "reportNetworkQuality", "Tell of the networks of who joined in a time", wire.Page[wire.NetworkQualityReport]{}, own, filterUser, filterConference, filterInteraction, filterApplication)
	return g
}

// inCSV answers a table as well as JSON.
func inCSV(o *openapi.Operation) {
	o.Answers[0].Content = append(o.Answers[0].Content, openapi.Content{Type: "text/csv", Of: ""})
}
