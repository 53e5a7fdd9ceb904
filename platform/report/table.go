package report

import (
	"fmt"
	"strconv"
	"strings"

	"guichet/platform/wire"
)

// Table is a report in columns.
type Table[T any] struct {
	Header []string
	Cells  func(T) []string
}

// InteractionTable has one line per meeting; its participants are one cell.
func InteractionTable() Table[wire.InteractionReport] {
	return Table[wire.InteractionReport]{
		[]string{"interactionId", "conferenceId", "startedAt", "endedAt", "durationSeconds", "reason", "participantCount", "participants", "files", "snapshots", "messages"},
		func(r wire.InteractionReport) []string {
			people := make([]string, len(r.Participants))
			for i, p := range r.Participants {
				people[i] = fmt.Sprintf("%s (%s, %s, %d s)", p.Name, p.Role, p.UserID, p.DurationSeconds)
			}
			return []string{text(r.InteractionID), text(r.ConferenceID), instant(&r.StartedAt), instant(r.EndedAt), number(r.DurationSeconds), text(r.Reason),
				number(r.ParticipantCount), text(strings.Join(people, "; ")), number(r.Files), number(r.Snapshots), number(r.Messages)}
		}}
}

// AgentTable has one line per agent.
func AgentTable() Table[wire.AgentReport] {
	return Table[wire.AgentReport]{
		[]string{"userId", "name", "calls", "talkSeconds", "averageTalkSeconds", "firstJoinedAt", "lastLeftAt", "averageNetworkQuality"},
		func(r wire.AgentReport) []string {
			quality := ""
			if r.AverageNetworkQuality != nil {
				quality = decimal(*r.AverageNetworkQuality)
			}
			return []string{text(r.UserID), text(r.Name), number(r.Calls), number(r.TalkSeconds), number(r.AverageTalkSeconds), instant(&r.FirstJoinedAt),
				instant(&r.LastLeftAt), quality}
		}}
}

// TicketTable has one line per ticket.
func TicketTable() Table[wire.TicketReport] {
	return Table[wire.TicketReport]{
		[]string{"ticketId", "type", "conferenceId", "applicationId", "userId", "name", "createdAt", "opensAt", "expiresAt", "expired", "revokedAt",
			"redemptions", "firstRedeemedAt", "lastRedeemedAt"},
		func(r wire.TicketReport) []string {
			return []string{text(r.TicketID), text(string(r.Type)), text(r.ConferenceID), text(r.ApplicationID), text(r.UserID), text(r.Name), instant(&r.CreatedAt),
				instant(r.OpensAt), instant(&r.ExpiresAt), strconv.FormatBool(r.Expired), instant(r.RevokedAt), number(r.Redemptions),
				instant(r.FirstRedeemedAt), instant(r.LastRedeemedAt)}
		}}
}

// NetworkQualityTable has one line per attendance.
func NetworkQualityTable() Table[wire.NetworkQualityReport] {
	return Table[wire.NetworkQualityReport]{
		[]string{"interactionId", "conferenceId", "userId", "name", "role", "userEndpointId", "joinedAt", "leftAt", "samples", "averageNetworkQuality",
			"worstNetworkQuality", "averageJitter", "averageRtt", "optimalSeconds", "suboptimalSeconds", "badSeconds"},
		func(r wire.NetworkQualityReport) []string {
			return []string{text(r.InteractionID), text(r.ConferenceID), text(r.UserID), text(r.Name), text(string(r.Role)), text(r.UserEndpointID),
				instant(&r.JoinedAt), instant(r.LeftAt), number(r.Samples), decimal(r.AverageNetworkQuality), decimal(r.WorstNetworkQuality),
				decimal(r.AverageJitter), decimal(r.AverageRTT), number(r.OptimalSeconds), number(r.SuboptimalSeconds), number(r.BadSeconds)}
		}}
}

// text is a cell that people wrote. Spreadsheets take a cell that begins with
// one of these for a formula, which could send the sheet's contents elsewhere: an
// apostrophe makes it text.
func text(s string) string {
	if strings.IndexAny(s, "=+-@\t\r\n＝＋－＠|%") == 0 {
		return "'" + s
	}
	return s
}

func number(n int64) string    { return strconv.FormatInt(n, 10) }
func decimal(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func instant(t *wire.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
