// @ts-check
/** The tests of how screens look: each can be reached, breaks no policy, cuts nothing off and has no accessibility fault that axe-core finds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutOff, violations } from './checks.js';
import { sharedBrowser } from './play.js';
import { World } from './world.js';

/** @param {import('./scenes.js').Scene[]} scenes */
export function looks(scenes) {
  const browser = sharedBrowser();
  for (const scene of scenes) {
    test(scene.name, async () => {
      const agent = scene.userAgent ? { userAgent: scene.userAgent } : {};
      const world = await World.open(browser(), { colorScheme: 'light', reducedMotion: 'reduce', ...agent, init: scene.init ?? '' });
      const { page } = world;
      scene.set?.(world);
      await (scene.claims ? world.visitRoom(scene.claims) : world.visit());
      await scene.play?.(world);
      await world.shows(scene.screen);
      assert.deepEqual(await violations(page), [], 'light');
      await page.emulateMedia({ colorScheme: 'dark' });
      assert.deepEqual(await violations(page, true), [], 'dark');
      await page.setViewportSize({ width: 320, height: 640 });
      assert.deepEqual(await cutOff(page, false), [], '320 px');
      await page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
      assert.deepEqual(await cutOff(page, false), [], '320 px and text of twice the size');
      assert.deepEqual(world.complaints.filter((c) => !/ERR_INTERNET_DISCONNECTED/.test(c)), []);
      await world.context.close();
    });
  }
}
