package wire

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestGoldenFiles holds one value of every body and event of interactions,
// files and snapshots; testdata/files has the JSON of each.
func TestGoldenFiles(t *testing.T) {
	const sum = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	data := json.RawMessage(`{"callOrigin":"widget","customerMetadata":{"name":"Maria"}}`)
	common := func(kind EventType) Event {
		return event(kind, func(e *Event) { e.ConferenceVersion = nil })
	}
	compare(t, "files", map[string]any{
		"create-interaction":     CreateInteraction{"case-1", "video", data},
		"interaction":            Interaction{"case-1", "default", "agent1", at, "video", data, 3},
		"update-interaction":     UpdateInteraction{"video", data, 3},
		"file-transfer":          FileTransfer{"f1", "May.pdf", 4, "application/pdf", sum, "c1", "case-1", "widget", "agent1", "e1", "guest-1", at},
		"signed-url":             SignedURL{"http://127.0.0.1:8080/files/f1?expires=1767323345&signature=c2ln", at},
		"event-file-transferred": FileEvent{common(EventFileTransferred), "f1", "May.pdf", 4, "application/pdf", sum, "case-1", "guest-1"},
		"request-snapshot":       RequestSnapshot{"c1", "e1", "guest-1", "e2", "PASSPORT", "case-1", "widget"},
		"answer-snapshot":        AnswerSnapshot{"e2", "no thanks"},
		"snapshot": Snapshot{SnapshotID: "s1", SnapshotType: "PASSPORT", State: SnapshotAcquired, ConferenceID: "c1", InteractionID: "case-1", ApplicationID: "widget",
			UserID: "agent1", UserEndpointID: "e1", TargetUserID: "guest-1", TargetUserEndpointID: "e2", CreatedAt: at, Size: 4, MIMEType: "image/jpeg", SHA256: sum},
		"request-camera": RequestCamera{"c1", "e1", "guest-1", "e2", CameraFlashOn},
		"camera-request": CameraRequest{"r1"},
		"answer-camera":  AnswerCamera{"r1", "e2", "guest-1", false, "there is no flash"},
		"event-snapshot-requested": SnapshotEvent{Event: common(EventSnapshotRequested), SnapshotID: "s1", SnapshotType: "PASSPORT",
			TargetUserID: "guest-1", TargetUserEndpointID: "e2"},
		"event-snapshot-approved": SnapshotEvent{Event: common(EventSnapshotApproved), SnapshotID: "s1", SnapshotType: "PASSPORT",
			TargetUserID: "guest-1", TargetUserEndpointID: "e2", Succeeded: ptr(true), AdditionalInformation: "front side"},
		"event-snapshot-acquired": SnapshotEvent{Event: common(EventSnapshotAcquired), SnapshotID: "s1", SnapshotType: "PASSPORT",
			TargetUserID: "guest-1", TargetUserEndpointID: "e2", SnapshotLocation: "http://127.0.0.1:8080/rtc-api/snapshots/s1/signedUrl", SHA256: sum, Size: 4},
		"event-snapshot-camera-requested": SnapshotEvent{Event: common(EventSnapshotCameraRequested), TargetUserID: "guest-1", TargetUserEndpointID: "e2",
			CameraRequestType: CameraSwitch, SnapshotCameraRequestID: "r1"},
		"event-snapshot-camera-processed": SnapshotEvent{Event: common(EventSnapshotCameraProcessed), TargetUserID: "guest-1", TargetUserEndpointID: "e2",
			CameraRequestType: CameraSwitch, SnapshotCameraRequestID: "r1", Succeeded: ptr(false), AdditionalInformation: "there is one camera"},
	})
}

// compare holds values against the files of a folder below testdata, of which
// none may be left over.
func compare(t *testing.T, folder string, values map[string]any) {
	t.Helper()
	folder = filepath.Join("testdata", folder)
	for name, value := range values {
		got, err := json.MarshalIndent(value, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, '\n')
		file := filepath.Join(folder, name+".json")
		if *update {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), string(got)); d != "" {
			t.Errorf("%s (-golden +got):\n%s", name, d)
		}
	}
	list, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != len(values) {
		t.Errorf("%s: %d files, %d values", folder, len(list), len(values))
	}
}
