// @ts-check
/**
 * Takes a picture of every screen of the settings page: light and dark, wide
 * and narrow, with text of twice the size.
 *
 *   node testbed/desk-visual.js [folder] [name of a scene]…
 */
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Desk } from './desk.js';
import { scenes } from './desk-scenes.js';
import { launch } from './world.js';

const [folder = join(tmpdir(), 'guichet-settings'), ...names] = process.argv.slice(2);
const looks = [
  { look: 'light-1280', viewport: { width: 1280, height: 800 }, colorScheme: /** @type {const} */ ('light'), text: 1 },
  { look: 'dark-1280', viewport: { width: 1280, height: 800 }, colorScheme: /** @type {const} */ ('dark'), text: 1 },
  { look: 'light-320', viewport: { width: 320, height: 640 }, colorScheme: /** @type {const} */ ('light'), text: 1 },
  { look: 'dark-320-text', viewport: { width: 320, height: 640 }, colorScheme: /** @type {const} */ ('dark'), text: 2 },
  { look: 'light-1280-text', viewport: { width: 1280, height: 800 }, colorScheme: /** @type {const} */ ('light'), text: 2 },
].filter(({ look }) => !process.env.LOOK || process.env.LOOK.split(',').includes(look));

mkdirSync(folder, { recursive: true });
const browser = await launch();
for (const { look, text, ...options } of looks) {
  for (const scene of scenes.filter((s) => names.length === 0 || names.includes(s.name))) {
    const desk = await Desk.open(browser, { reducedMotion: 'reduce', ...options, init: `addEventListener('DOMContentLoaded', () => { document.documentElement.style.fontSize = '${100 * text}%'; });` });
    try {
      await scene.play(desk);
      // What comes late shows now.
      await desk.page.evaluate(() => Promise.all(document.getAnimations().filter((a) => a.effect?.getTiming().iterations === 1).map((a) => a.finished)));
      await desk.page.screenshot({ path: join(folder, `${scene.name}.${look}.png`), fullPage: (await desk.page.$('dialog[open]')) === null });
    } catch (err) {
      console.error(`${scene.name} ${look}: ${err}`);
      await desk.page.screenshot({ path: join(folder, `${scene.name}.${look}.broken.png`) });
      process.exitCode = 1;
    }
    for (const complaint of desk.complaints) console.error(`${scene.name} ${look}: ${complaint}`);
    await desk.context.close();
  }
}
await browser.close();
