// @ts-check
/** Signing in to the settings page, staying signed in, and every way in which it must be refused. */
import assert from 'node:assert/strict';
import { Desk } from '../../testbed/desk.js';
import { listed } from '../../testbed/desk-scenes.js';
import { desks, until } from '../../testbed/play.js';
import { ORIGIN } from '../../testbed/world.js';

const { journey: session } = desks();

/** Signs in from the first screen. @param {Desk} d @param {string} [hash] */
async function signIn(d, hash) {
  await d.visit(hash);
  await d.shows('signed-out');
  await d.page.click('#sign-in');
}

/** @param {Desk} d */
const grants = (d) => d.forms.filter((f) => f.has('grant_type')).map((f) => f.get('grant_type'));
/** @param {Desk} d */
const notice = (d) => d.page.innerText('#notice-text');
/** What the tab keeps, whole. @param {Desk} d */
const kept = (d) => d.page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage }));

session('a sign-in comes back to where it began, and leaves no code in the address', async (d) => {
  await signIn(d, '#/people');
  await d.shows('desk');
  await listed(d);
  assert.equal(d.page.url(), `${ORIGIN}/admin#/people`);
  assert.equal(await d.page.innerText('#who'), 'Ada Lindqvist');
  const form = d.forms[0];
  assert.deepEqual([form?.get('client_id'), form?.get('redirect_uri')], ['guichet-admin', `${ORIGIN}/admin`]);
  assert.match(form?.get('code_verifier') ?? '', /^[\w-]{43}$/);
  const memory = await kept(d);
  assert.doesNotMatch(memory, /access-1|verifier/);
  await d.page.reload();
  await listed(d);
  assert.deepEqual(grants(d), ['authorization_code', 'refresh_token']);
  assert.equal(await d.page.innerText('#who'), 'Ada Lindqvist');
});

session('an answer with a wrong state is refused', async (d) => {
  d.answered = (answer) => answer.set('state', 'of-somebody-else');
  await signIn(d);
  await d.shows('signed-out');
  assert.match(await notice(d), /not started in this tab/);
  assert.equal(d.page.url(), `${ORIGIN}/admin`);
  assert.equal(d.forms.length, 0);
});

session('an answer without a sign-in before it is refused', async (d) => {
  await d.page.goto(`${ORIGIN}/admin?code=stolen&state=made-up&iss=${encodeURIComponent(ORIGIN)}`);
  await d.shows('signed-out');
  assert.match(await notice(d), /not started in this tab/);
  assert.equal(d.forms.length, 0);
  assert.equal(d.page.url(), `${ORIGIN}/admin`);
});

for (const [name, change] of /** @type {[string, (answer: URLSearchParams) => void][]} */ ([
  ['another', (answer) => answer.set('iss', 'https://elsewhere.example')],
  ['no', (answer) => answer.delete('iss')],
])) {
  session(`an answer with ${name} issuer is refused`, async (d) => {
    d.answered = change;
    await signIn(d);
    await d.shows('signed-out');
    assert.match(await notice(d), /another server/);
    assert.equal(d.forms.length, 0);
  });
}

session('an ID token of another attempt is refused', async (d) => {
  d.answered = (answer) => {
    const code = d.office.codes.get(answer.get('code') ?? '');
    if (code) code.nonce = 'of-another';
  };
  await signIn(d);
  await d.shows('signed-out');
  assert.match(await notice(d), /another tab/);
  assert.equal(await kept(d), '{}');
});

session('a cancelled sign-in and a refused code say so', async (d) => {
  d.answered = (answer) => {
    answer.delete('code');
    answer.set('error', 'access_denied');
  };
  await signIn(d);
  await d.page.waitForFunction(() => document.querySelector('#notice-text')?.textContent === 'The sign-in was cancelled.');
  d.answered = (answer) => answer.set('code', 'unknown');
  await d.page.click('#sign-in');
  await d.page.waitForFunction(() => document.querySelector('#notice-text')?.textContent?.includes('took too long'));
  d.answered = () => undefined;
  await d.page.click('#sign-in');
  await listed(d);
});

session('a token that the server does not take is renewed once, for all who wait', async (d) => {
  await d.enter();
  await listed(d);
  const before = grants(d).length;
  d.office.tokens.clear();
  await d.page.click('#to-people');
  await listed(d);
  assert.equal(grants(d).length, before + 1);
});

session('a token is renewed ahead of its end', async (d) => {
  await d.page.clock.install();
  await d.enter();
  await listed(d);
  assert.equal(grants(d).length, 1);
  await d.page.clock.fastForward(559_000);
  assert.equal(grants(d).length, 1);
  await d.page.clock.fastForward(2_000);
  await until(() => grants(d).length === 2);
});

session('a session that ended leads to the sign-in, and back', async (d) => {
  await d.enter('#/people');
  await listed(d);
  d.office.expel();
  await d.page.click('#to-keys');
  await d.shows('signed-out');
  assert.match(await notice(d), /session has ended/);
  assert.equal(await kept(d), '{}');
  await d.page.click('#sign-in');
  await listed(d);
  assert.equal(d.page.url(), `${ORIGIN}/admin#/keys`);
});

session('who is no administrator is told so, and may be somebody else', async (d) => {
  d.office.administrator = false;
  await signIn(d);
  await d.shows('stranger');
  assert.match(await notice(d), /You are signed in as Ada Lindqvist, who is no administrator/);
  d.office.administrator = true;
  await d.page.click('#sign-in');
  await listed(d);
  assert.equal(d.forms.filter((f) => f.has('token')).length, 1);
});

session('signing out ends the session at the server', async (d) => {
  await d.enter();
  await listed(d);
  await d.page.click('#sign-out');
  await d.shows('signed-out');
  assert.equal(await notice(d), 'You are signed out.');
  const form = d.forms.at(-1);
  assert.deepEqual([form?.get('client_id'), form?.has('token')], ['guichet-admin', true]);
  assert.equal(await kept(d), '{}');
  await d.page.reload();
  await d.shows('signed-out');
});

session('signing out without a network ends the session here', async (d) => {
  await d.enter();
  await listed(d);
  d.online = false;
  await d.page.click('#sign-out');
  await d.shows('signed-out');
  assert.match(await notice(d), /could not be told/);
  assert.equal(await kept(d), '{}');
});

session('a server out of reach at the start is asked again', async (d) => {
  d.online = false;
  await d.enter();
  await d.shows('failed');
  d.online = true;
  await d.page.click('#retry');
  await listed(d);
});

session('a duplicated tab does not use up the session of the first', async (d) => {
  await d.enter();
  await listed(d);
  const second = await d.context.newPage();
  d.watch(second);
  const copy = await d.page.evaluate(() => sessionStorage.getItem('guichet-admin.session') ?? '');
  await second.goto(`${ORIGIN}/blank`);
  await second.evaluate((s) => sessionStorage.setItem('guichet-admin.session', s), copy);
  const before = grants(d).length;
  await second.goto(`${ORIGIN}/admin`);
  await second.waitForSelector('body[data-screen="signed-out"]');
  assert.equal(grants(d).length, before);
  d.office.tokens.clear();
  await d.page.click('#to-keys');
  await listed(d);
});

session('a browser without storage cannot sign in and is told why', async (d) => {
  await signIn(d);
  await d.page.waitForFunction(() => document.querySelector('#notice-text')?.textContent?.includes('store'));
}, { init: `Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException('no', 'SecurityError'); } });` });
