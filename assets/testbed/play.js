// @ts-check
/** What the tests of the pages share: one browser for a file, and for each test a world of its own that must not complain. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Desk } from './desk.js';
import { World, launch } from './world.js';

/** One browser for the tests of a file. @returns {() => import('playwright-core').Browser} */
export function sharedBrowser() {
  /** @type {import('playwright-core').Browser} */
  let browser;
  before(async () => {
    browser = await launch();
  });
  after(() => browser.close());
  return () => browser;
}

/** Tests of the customer's page, each of which begins with a visit. */
export function customers() {
  const browser = sharedBrowser();
  /**
   * @param {string} name @param {(world: World) => Promise<void>} play
   * @param {Parameters<typeof World.open>[1] & { claims?: object }} [options] claims: visits a room with a token of these
   */
  const scene = (name, play, { claims, ...options } = {}) => test(name, async () => {
    const world = await World.open(browser(), options);
    await (claims ? world.visitRoom(claims) : world.visit());
    await play(world);
    assert.deepEqual(world.complaints, []);
    await world.context.close();
  });
  return { browser, scene };
}

/** Tests of the settings page. */
export function desks() {
  const browser = sharedBrowser();
  /** @param {string} name @param {(d: Desk) => Promise<unknown>} play @param {Parameters<typeof Desk.open>[1]} [options] */
  const journey = (name, play, options) => test(`settings: ${name}`, async () => {
    const desk = await Desk.open(browser(), options);
    await play(desk);
    assert.deepEqual(desk.complaints, []);
    await desk.context.close();
  });
  return { journey };
}

/** Waits for something outside the page. @param {() => boolean} condition */
export async function until(condition) {
  const deadline = performance.now() + 15_000;
  while (!condition()) {
    assert.ok(performance.now() < deadline, `never true: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
