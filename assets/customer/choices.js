// @ts-check
/** The selects for camera, microphone and speaker, in the preview and in a call. */

/** @typedef {import('./devices.js').Devices} Devices */

/** @type {Record<string, string>} what a device without a name is called */
const unnamed = { videoinput: 'Camera', audioinput: 'Microphone', audiooutput: 'Speaker' };

/**
 * Choices keeps the selects inside one part of the page in step with the
 * devices. A kind with nothing to choose is not shown.
 */
export class Choices {
  #devices;
  #selects;

  /**
   * @param {Element} root
   * @param {Devices} devices
   * @param {(kind: 'audioinput' | 'videoinput' | 'audiooutput', deviceId: string) => void} onChoose
   */
  constructor(root, devices, onChoose) {
    this.#devices = devices;
    this.#selects = [...root.querySelectorAll('select')];
    for (const select of this.#selects) {
      select.addEventListener('change', () => onChoose(kindOf(select), select.value));
    }
    devices.addEventListener('change', () => void this.refresh());
  }

  /** Fills the selects from the devices of now; resolves to how many show. */
  async refresh() {
    const lists = await this.#devices.list();
    let shown = 0;
    for (const select of this.#selects) {
      const kind = kindOf(select);
      const devices = lists[kind];
      const now = this.#now(kind);
      select.replaceChildren(
        ...devices.map((d, i) => new Option(d.label || `${unnamed[kind]} ${i + 1}`, d.deviceId, false, d.deviceId === now)),
      );
      const open = kind === 'audiooutput' || this.#devices.tracks[kind === 'audioinput' ? 'audio' : 'video'] !== null;
      const field = /** @type {HTMLElement} */ (select.parentElement);
      field.hidden = devices.length === 0 || !open;
      if (!field.hidden) shown++;
    }
    return shown;
  }

  /** @param {'audioinput' | 'videoinput' | 'audiooutput'} kind */
  #now(kind) {
    if (kind === 'audiooutput') return this.#devices.speaker || 'default';
    return this.#devices.tracks[kind === 'audioinput' ? 'audio' : 'video']?.getSettings().deviceId ?? '';
  }
}

/** @param {HTMLSelectElement} select */
const kindOf = (select) => /** @type {'audioinput' | 'videoinput' | 'audiooutput'} */ (select.dataset.kind);
