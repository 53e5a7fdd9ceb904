// @ts-nocheck
/**
 * Runs inside the page before its own scripts: media connections that come up
 * at once and bring a drawn person. window.fake steers them.
 */
(() => {
  const fake = (window.fake = { level: 0, stats: [], connections: new Set(), people: 0 });

  function drawnPerson(n) {
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
    const c = canvas.getContext('2d');
    c.scale(0.5, 0.5);
    const draw = () => {
      const hue = (200 + n * 70) % 360;
      const sky = c.createLinearGradient(0, 0, 1280, 720);
      sky.addColorStop(0, `hsl(${hue} 25% 70%)`);
      sky.addColorStop(1, `hsl(${hue} 30% 35%)`);
      c.fillStyle = sky;
      c.fillRect(0, 0, 1280, 720);
      c.fillStyle = `hsl(${hue + 150} 35% 35%)`;
      c.beginPath();
      c.ellipse(640, 800, 330, 330, 0, 0, 7);
      c.fill();
      c.fillStyle = '#e0b394';
      c.beginPath();
      c.ellipse(640, 330, 125, 160, 0, 0, 7);
      c.fill();
    };
    draw();
    setInterval(draw, 500);
    return canvas.captureStream(2).getVideoTracks()[0];
  }

  window.RTCPeerConnection = class {
    connectionState = 'new';
    localDescription = null;
    #receives = [];

    constructor() {
      fake.connections.add(this);
    }
    addTransceiver(what, { direction }) {
      const kind = typeof what === 'string' ? what : what.kind;
      if (direction === 'recvonly') this.#receives.push(kind);
      return { sender: { replaceTrack: async () => undefined }, setCodecPreferences() {} };
    }
    async setLocalDescription() {
      this.localDescription = { type: 'offer', sdp: 'v=0\r\n' };
    }
    async setRemoteDescription() {
      if (this.#receives.includes('video')) this.ontrack?.({ track: drawnPerson(fake.people++) });
      this.become('connected');
    }
    become(state) {
      this.connectionState = state;
      this.onconnectionstatechange?.();
    }
    getReceivers() {
      return [{ track: { kind: 'audio' }, getSynchronizationSources: () => [{ audioLevel: fake.level }] }];
    }
    async getStats() {
      return new Map(fake.stats.map((s) => [s.id, s]));
    }
    close() {
      fake.connections.delete(this);
    }
  };
})();
