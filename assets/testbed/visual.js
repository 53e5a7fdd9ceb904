// @ts-check
/**
 * Takes a picture of every screen: light and dark, wide and narrow, with text
 * of twice the size, and on a phone lying on its side.
 *
 *   npm run visual -- [folder] [name of a scene]…
 */
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { roomScenes } from './room-scenes.js';
import { scenes } from './scenes.js';
import { World, launch } from './world.js';

const [folder = join(tmpdir(), 'guichet-screens'), ...names] = process.argv.slice(2);
const looks = [
  { look: 'light-1280', viewport: { width: 1280, height: 800 }, colorScheme: /** @type {const} */ ('light'), text: 1 },
  { look: 'dark-1280', viewport: { width: 1280, height: 800 }, colorScheme: /** @type {const} */ ('dark'), text: 1 },
  { look: 'light-320', viewport: { width: 320, height: 640 }, colorScheme: /** @type {const} */ ('light'), text: 1, hasTouch: true, isMobile: true },
  { look: 'dark-390', viewport: { width: 390, height: 844 }, colorScheme: /** @type {const} */ ('dark'), text: 1, hasTouch: true, isMobile: true },
  { look: 'dark-320-text', viewport: { width: 320, height: 640 }, colorScheme: /** @type {const} */ ('dark'), text: 2, hasTouch: true, isMobile: true },
  { look: 'light-1280-text', viewport: { width: 1280, height: 800 }, colorScheme: /** @type {const} */ ('light'), text: 2 },
  { look: 'dark-lying', viewport: { width: 740, height: 360 }, colorScheme: /** @type {const} */ ('dark'), text: 1, hasTouch: true, isMobile: true },
];

mkdirSync(folder, { recursive: true });
const browser = await launch();
for (const { look, text, ...options } of looks) {
  for (const scene of [...scenes, ...roomScenes].filter((s) => names.length === 0 || names.includes(s.name))) {
    const agent = scene.userAgent ? { userAgent: scene.userAgent } : {};
    const world = await World.open(browser, { ...options, ...agent, init: scene.init ?? '' });
    try {
      scene.set?.(world);
      await (scene.claims ? world.visitRoom(scene.claims) : world.visit());
      await world.page.evaluate((factor) => { document.documentElement.style.fontSize = `${100 * factor}%`; }, text);
      await scene.play?.(world);
      await world.shows(scene.screen);
      const inCall = ['call', 'waiting'].includes(scene.screen);
      await world.page.screenshot({ path: join(folder, `${scene.name}.${look}.png`), fullPage: !inCall });
    } catch (err) {
      console.error(`${scene.name} ${look}: ${err}`);
      await world.page.screenshot({ path: join(folder, `${scene.name}.${look}.broken.png`) });
      process.exitCode = 1;
    }
    for (const complaint of world.complaints) console.error(`${scene.name} ${look}: ${complaint}`);
    await world.context.close();
  }
}
await browser.close();
