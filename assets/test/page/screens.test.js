// @ts-check
/** Every screen can be reached, breaks no policy and has no accessibility fault that axe-core finds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutOff, violations } from '../../testbed/checks.js';
import { sharedBrowser } from '../../testbed/play.js';
import { roomScenes } from '../../testbed/room-scenes.js';
import { scenes } from '../../testbed/scenes.js';
import { World } from '../../testbed/world.js';

const browser = sharedBrowser();

for (const scene of [...scenes, ...roomScenes]) {
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
