// @ts-check
/** What to do about a blocked camera, for this very browser. */

/** @typedef {'chrome' | 'firefox' | 'safari' | 'ios' | 'android'} Browser */

/**
 * Which of the browsers with their own steps this is.
 * @param {string} agent the user agent
 * @param {number} touchPoints an iPad calls itself a Mac, but has a touch screen
 * @returns {Browser}
 */
export function browserOf(agent, touchPoints) {
  if (/iPhone|iPad|iPod/.test(agent) || (/Macintosh/.test(agent) && touchPoints > 1)) return 'ios';
  if (/Android/.test(agent)) return 'android';
  if (/Firefox\//.test(agent)) return 'firefox';
  if (/Chrom(e|ium)\//.test(agent)) return 'chrome';
  return /Safari\//.test(agent) ? 'safari' : 'chrome';
}

/** @type {Record<Browser, { alt: string, steps: [string, string, string] }>} */
export const help = {
  chrome: {
    alt: 'The address bar of the browser; the sign with two sliders at its left end is marked.',
    steps: ['Press the sign at the left end of the address bar.', 'Switch “Camera” and “Microphone” on.', 'Come back here and press “Try again”.'],
  },
  firefox: {
    alt: 'The address bar of Firefox; the crossed camera at its left end is marked.',
    steps: ['Press the crossed camera or microphone at the left end of the address bar.', 'Take away “Blocked” with the cross beside it.', 'Press “Try again”, then choose “Allow”.'],
  },
  safari: {
    alt: 'The menu Safari with the entry Settings for this website marked.',
    steps: ['Open the menu “Safari”, then “Settings for this website…”.', 'Set “Camera” and “Microphone” to “Allow”.', 'Come back here and press “Try again”.'],
  },
  ios: {
    alt: 'The address bar of an iPhone; the page sign at its left end is marked.',
    steps: ['Tap the page sign in the address bar, then “Website settings”.', 'Set “Camera” and “Microphone” to “Allow”.', 'Load the page again. No luck? Look in Settings, Apps, your browser, Camera and Microphone.'],
  },
  android: {
    alt: 'The address bar of an Android phone; the sign with two sliders at its left end is marked.',
    steps: ['Tap the sign at the left end of the address bar, then “Permissions”.', 'Switch “Camera” and “Microphone” on.', 'Come back here and tap “Try again”.'],
  },
};
