// @ts-check
/** Loads the look of rooms, and the icons that only they have. */
import { byID } from './dom.js';

const HREF = '/assets/customer/seat.css';
const SVG = 'http://www.w3.org/2000/svg';

/** @type {Record<string, string>} */
const icons = {
  hand: 'M7 13V7.3a1.3 1.3 0 0 1 2.6 0V11M9.6 10.5V4.8a1.3 1.3 0 0 1 2.6 0v5.7M12.2 10.5V5.6a1.3 1.3 0 0 1 2.6 0V11M14.8 11V8a1.3 1.3 0 0 1 2.6 0v6.3c0 3.7-2.3 6.2-5.6 6.2-2.5 0-4-1.2-5.2-3.4l-2.4-4a1.4 1.4 0 0 1 2.3-1.5L7 13',
  screen: 'M3.5 5h17v11h-17zM8.5 20h7M12 16v4M12 13V8M9.5 10.2 12 7.8l2.5 2.4',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  deaf: 'M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM16 9.5l5 5M21 9.5l-5 5',
  eye: 'M2.5 12c2-4 5.5-6 9.5-6s7.5 2 9.5 6c-2 4-5.5 6-9.5 6s-7.5-2-9.5-6zM12 9a3 3 0 1 1 0 6a3 3 0 0 1 0-6',
  grid: 'M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z',
};

/** Resolves when the look is there. @returns {Promise<void>} */
export function clothe() {
  if (!document.getElementById('i-hand')) {
    const sprite = byID('i-microphone', SVGSymbolElement).parentElement;
    for (const [name, d] of Object.entries(icons)) {
      const symbol = document.createElementNS(SVG, 'symbol');
      symbol.id = `i-${name}`;
      symbol.setAttribute('viewBox', '0 0 24 24');
      const path = document.createElementNS(SVG, 'path');
      path.setAttribute('d', d);
      symbol.append(path);
      sprite?.append(symbol);
    }
  }
  if (document.querySelector(`link[href="${HREF}"]`)) return Promise.resolve();
  return new Promise((resolve) => {
    const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: HREF });
    // Without its look a room still works.
    link.onload = link.onerror = () => resolve();
    document.head.append(link);
  });
}
