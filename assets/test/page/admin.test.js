// @ts-check
/** What the settings page does: each journey by the keyboard alone, and the ways in which it can go wrong. */
import assert from 'node:assert/strict';
import { Desk } from '../../testbed/desk.js';
import { listed, opened, trials } from '../../testbed/desk-scenes.js';
import { desks } from '../../testbed/play.js';

const { journey } = desks();

/** What has the focus, by its accessible words. @param {Desk} d */
const focused = (d) =>
  d.page.evaluate(() => {
    const e = /** @type {HTMLElement} */ (document.activeElement);
    const label = 'labels' in e && /** @type {HTMLInputElement} */ (e).labels?.[0];
    return `${e.getAttribute('aria-label') ?? ((label || e).textContent ?? '')}`.trim();
  });

/** Goes on with Tab until something is reached. @param {Desk} d @param {string | RegExp} name */
async function tab(d, name) {
  const seen = [];
  for (let i = 0; i < 80; i++) {
    await d.page.keyboard.press('Tab');
    const now = await focused(d);
    if (typeof name === 'string' ? now === name : name.test(now)) return;
    seen.push(now);
  }
  assert.fail(`Tab does not reach ${name}: ${seen.join(' | ')}`);
}

/** @param {Desk} d @param {string | RegExp} name @param {string} [key] */
async function press(d, name, key = 'Enter') {
  await tab(d, name);
  await d.page.keyboard.press(key);
}

/** @param {Desk} d @param {string | RegExp} name @param {string} text */
async function type(d, name, text) {
  await tab(d, name);
  await d.page.keyboard.press('Control+a');
  await d.page.keyboard.type(text);
}

/** @param {Desk} d */
const asked = (d) => d.page.waitForSelector('dialog.ask');
/** @param {Desk} d @param {string} words */
const told = (d, words) => d.page.waitForFunction((w) => [...document.querySelectorAll('#status, #toast, .voice')].some((e) => e.textContent?.includes(w)), words);
/** @param {Desk} d */
const closed = (d) => d.page.waitForSelector('dialog.drawer', { state: 'detached' });
/** @param {Desk} d @param {string} method @param {string} path */
const calls = (d, method, path) => d.office.calls.filter((c) => c.method === method && c.path === path);

journey('an application from its creation to its end, by keyboard', async (d) => {
  await d.enter();
  await listed(d);
  await press(d, 'New application');
  await opened(d);
  assert.equal(await focused(d), 'Name');
  await d.page.keyboard.type('Branch statistics');
  await type(d, 'ID', 'branch-statistics');
  await press(d, 'Service', 'Space');
  await press(d, 'Create application');
  await d.page.waitForSelector('.once');
  assert.equal(await d.page.evaluate(() => location.hash), '#/applications/branch-statistics');
  const made = calls(d, 'POST', 'applications')[0]?.body;
  assert.deepEqual([made.id, made.name, made.public, made.roles, made.scopes, made.grants], ['branch-statistics', 'Branch statistics', false, ['service'], ['any'], ['client_credentials']]);

  // The secret cannot be lost by a slip.
  await d.page.keyboard.press('Escape');
  await asked(d);
  await press(d, 'Stay here');
  const secret = await d.page.inputValue('.once input');
  await press(d, 'Copy: Secret');
  await told(d, 'Secret: copied.');
  assert.equal(await d.page.evaluate(() => navigator.clipboard.readText()), secret);

  await type(d, 'Name', 'Branch figures');
  await press(d, 'Save');
  await closed(d);
  await told(d, 'Saved Branch figures.');
  assert.equal(await focused(d), 'Branch figures');
  assert.equal(await d.page.evaluate(() => location.hash), '#/applications');

  await d.page.keyboard.press('Enter');
  await opened(d);
  assert.equal(await d.page.locator('.once').count(), 0);
  await press(d, 'Disable');
  await asked(d);
  assert.match(await d.page.innerText('dialog.ask'), /gets no tokens any more/);
  await press(d, 'Disable');
  await d.page.waitForSelector('dialog.drawer .badge.bad');
  assert.equal(d.office.rows.applications[0].disabled, true);
  await press(d, 'Enable');
  await d.page.waitForSelector('dialog.drawer .badge.good');

  await press(d, 'New secret');
  await asked(d);
  await press(d, 'Make a new secret');
  await d.page.waitForSelector('.once');
  assert.notEqual(await d.page.inputValue('.once input'), secret);
  await press(d, 'Copy: Secret');

  await press(d, 'Delete');
  await asked(d);
  await press(d, 'Delete');
  await closed(d);
  await told(d, 'Deleted Branch figures.');
  assert.equal(await d.page.getByText('Branch figures', { exact: true }).count(), 0);
});

journey('what is wrong is said beside its field', async (d) => {
  await d.enter('#/applications/+new');
  await opened(d);
  await d.page.fill('#name', 'X');
  await d.page.fill('#id', 'with space');
  await d.page.check('input[value="authorization_code"]');
  await d.page.click('#save');
  assert.match(await d.page.innerText('#id-problem'), /without spaces/);
  assert.match(await d.page.innerText('#redirects-problem'), /need an address/);
  await d.page.fill('#redirects', 'https://fine.example/x\nhttp://alpine.example/');
  await d.page.click('#save');
  assert.match(await d.page.innerText('#redirects-problem'), /Line 2: must use https/);
  assert.equal(calls(d, 'POST', 'applications').length, 0);
  await d.page.fill('#redirects', 'https://fine.example/x');
  await d.page.fill('#id', 'crm');
  await d.page.click('#save');
  await d.page.waitForSelector('#id-problem p');
  assert.match(await d.page.innerText('#id-problem'), /taken already/);
  assert.equal(await d.page.evaluate(() => document.activeElement?.id), 'id');
});

journey('scopes that the roles do not permit say so', async (d) => {
  await d.enter('#/applications/+new');
  await opened(d);
  const remark = d.page.locator('.tick', { has: d.page.locator('input[value="reports:read"]') }).locator('.remark');
  assert.equal(await remark.innerText(), '');
  await d.page.check('input[value="agent"]');
  assert.match(await remark.innerText(), /Not permitted by the roles chosen above. Supervisor, Service would/);
  await d.page.check('input[value="service"]');
  assert.equal(await remark.innerText(), '');
  await d.page.check('input[value="public"]');
  assert.equal(await d.page.isDisabled('input[value="client_credentials"]'), true);
});

journey('a person: created, given a new password, signed out, disabled, deleted', async (d) => {
  await d.enter('#/people');
  await listed(d);
  await press(d, 'New person');
  await opened(d);
  await d.page.keyboard.type('Bruno Keller');
  await type(d, 'Name to sign in with', 'bruno.keller');
  await press(d, 'Supervisor', 'Space');
  await press(d, 'Create account');
  await d.page.waitForSelector('.once');
  assert.deepEqual(calls(d, 'POST', 'users')[0]?.body, { id: 'bruno.keller', disabled: false, displayName: 'Bruno Keller', roles: ['agent', 'supervisor'] });
  const password = await d.page.inputValue('.once input');
  await press(d, 'Copy: Password');
  await press(d, 'New password');
  await asked(d);
  await press(d, 'Make a new password');
  await d.page.waitForFunction((old) => /** @type {HTMLInputElement | null} */ (document.querySelector('.once input'))?.value !== old, password);
  await press(d, 'Copy: Password');
  await press(d, 'Sign out everywhere');
  await asked(d);
  await press(d, 'Sign out everywhere');
  await told(d, 'signed out everywhere');
  assert.equal(calls(d, 'POST', 'users/bruno.keller/sign-out').length, 1);
  await press(d, 'Disable');
  await asked(d);
  await press(d, 'Disable');
  await d.page.waitForSelector('dialog.drawer .badge.bad');
  await press(d, 'Delete');
  await asked(d);
  await press(d, 'Delete');
  await closed(d);
  assert.equal(d.office.rows.users.some((u) => u.id === 'bruno.keller'), false);
});

journey('a provider: created, a trial that fails, a good one, turned on, deleted', async (d) => {
  await d.enter('#/providers');
  await listed(d);
  await press(d, 'New identity provider');
  await opened(d);
  await type(d, 'Name', 'Partner bank');
  await type(d, 'Issuer', 'https://id.partner.example/.well-known/openid-configuration');
  await type(d, 'Client ID', 'guichet');
  await type(d, /^Client secret/, 'hush');
  await press(d, 'Add a rule');
  await d.page.keyboard.type('groups');
  await type(d, 'Value', 'clerks');
  await press(d, 'Create provider');
  assert.match(await d.page.innerText('#issuer-problem'), /Leave out/);
  await d.page.keyboard.press('Control+a');
  await d.page.keyboard.type('https://id.partner.example');
  await press(d, 'Create provider');
  await d.page.waitForSelector('#try');
  const made = calls(d, 'POST', 'providers')[0]?.body;
  assert.deepEqual(made.mappings, [{ claim: 'groups', value: 'clerks', role: 'agent' }]);
  assert.deepEqual([made.id, made.kind, made.enabled, made.clientSecret, made.region], [d.office.rows.providers[0].id, 'oidc', false, 'hush', undefined]);
  await press(d, 'Copy: Redirect address to register at the provider');
  const { id } = d.office.rows.providers[0];
  assert.equal(await d.page.evaluate(() => navigator.clipboard.readText()), `https://guichet.test/sign-in/callback/${id}`);

  d.office.trial = trials.bad;
  await press(d, 'Try it');
  await d.page.waitForSelector('.verdict');
  assert.match(await d.page.innerText('.trial'), /failed[\s\S]*slash at its end[\s\S]*does not work yet/);
  d.office.trial = trials.good;
  await d.page.keyboard.press('Enter');
  await d.page.waitForFunction(() => document.querySelector('.verdict')?.textContent?.includes('All of it works'));

  await press(d, 'Turn on');
  await told(d, 'People can sign in through Partner bank now.');
  assert.equal(d.office.rows.providers[0].enabled, true);
  assert.equal(d.office.rows.providers[0].hasSecret, true);
  await press(d, 'Delete');
  await asked(d);
  assert.match(await d.page.innerText('dialog.ask'), /cannot sign in any more/);
  await press(d, 'Delete');
  await closed(d);
  assert.equal(calls(d, 'DELETE', `providers/${id}`).length, 1);
});

journey('a secret that is kept is not sent, and who stops is counted', async (d) => {
  await d.enter('#/providers/head-office');
  await opened(d);
  await d.page.fill('#name', 'Alpine');
  await d.page.click('#save');
  await closed(d);
  const sent = calls(d, 'PUT', 'providers/head-office')[0]?.body;
  assert.equal('clientSecret' in sent, false);
  assert.deepEqual([sent.version, sent.parameters, sent.name], [3, { domain_hint: 'alpine-bank.example' }, 'Alpine']);
  await d.page.click('a.open >> text=Alpine');
  await opened(d);
  await d.page.getByRole('button', { name: 'Turn off' }).click();
  await asked(d);
  assert.match(await d.page.innerText('dialog.ask'), /1 person who signs in through it cannot sign in any more/);
});

journey('keys are rotated calmly; a stolen one is replaced after one question', async (d) => {
  await d.enter('#/keys');
  await listed(d);
  assert.equal(await d.page.locator('tbody tr').count(), 3);
  assert.match(await d.page.getAttribute('time', 'title') ?? '', /^2026-11-01 00:00:00.000 UTC$/);
  await press(d, 'Rotate now');
  await told(d, 'The keys were rotated.');
  assert.equal(await d.page.locator('tbody tr').count(), 4);
  assert.deepEqual(calls(d, 'POST', 'keys/rotate')[0]?.body, { compromised: false });
  await press(d, 'A key was stolen');
  await asked(d);
  assert.match(await d.page.innerText('dialog.ask'), /Every token ends at once, for everybody/);
  await press(d, 'Cancel');
  assert.equal(calls(d, 'POST', 'keys/rotate').length, 1);
  assert.equal(await focused(d), 'A key was stolen');
  await d.page.keyboard.press('Enter');
  await asked(d);
  await press(d, 'Replace all keys');
  await told(d, 'All keys were replaced.');
  assert.equal(await d.page.locator('tbody tr').count(), 2);
  assert.equal(d.office.calls.at(-1)?.token, `access-${d.office.issued}`);
});

journey('the audit log is filtered, read on and linked to', async (d) => {
  await d.enter('#/audit');
  await listed(d);
  const rows = d.page.locator('tbody tr');
  assert.equal(await rows.count(), 50);
  await press(d, 'Load more');
  await told(d, '50 more entries, 100 in all.');
  assert.equal(await rows.count(), 100);
  await d.page.keyboard.press('Enter');
  await told(d, '30 more entries, 130 in all.');
  assert.equal(await d.page.isVisible('#more'), false);
  assert.equal(await d.page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement).tagName), 'TR');
  const seqs = d.office.calls.filter((c) => c.path === 'audit').map((c) => c.query.get('before'));
  assert.deepEqual(seqs, [null, '81', '31']);

  await d.page.selectOption('#event', 'signin');
  await d.page.check('#refused');
  await d.page.selectOption('#time', '24h');
  await d.page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 10);
  assert.equal(await d.page.locator('tbody tr .badge.bad').count(), 10);
  assert.equal(await d.page.evaluate(() => location.hash), '#/audit?time=24h&event=signin&refused=true');
  await d.page.click('summary');
  await d.page.fill('#subject', 'nobody');
  await d.page.waitForSelector('.empty');
  await d.page.click('#clear');
  await listed(d);
  assert.equal(await d.page.evaluate(() => location.hash), '#/audit');
  await d.page.fill('#text', 'twice');
  await d.page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 26);

  await d.page.goto(`${new URL(d.page.url()).origin}/admin#/audit?subject=crm&time=7d`);
  await d.page.reload();
  await listed(d);
  assert.equal(await d.page.inputValue('#subject'), 'crm');
  assert.equal(await d.page.inputValue('#time'), '7d');
});

journey('a search filters what is there', async (d) => {
  await d.enter('#/people');
  await listed(d);
  await d.page.fill('#search', 'SUPERVISOR alpine');
  assert.equal(await d.page.locator('tbody tr').count(), 1);
  assert.equal(await d.page.innerText('#count'), '1 of 5');
  await d.page.fill('#search', 'zebra');
  await d.page.getByRole('button', { name: 'Clear the search' }).click();
  assert.equal(await d.page.locator('tbody tr').count(), 5);
});

journey('deep links open, and the way back closes', async (d) => {
  await d.enter('#/people/anna.meier');
  await opened(d);
  assert.equal(await d.page.innerText('dialog.drawer h2'), 'Anna Meier');
  await d.page.keyboard.press('Escape');
  await closed(d);
  await d.page.click('#to-applications');
  await d.page.click('a.open >> text=Old dialler');
  await opened(d);
  await d.page.goBack();
  await closed(d);
  assert.equal(await d.page.evaluate(() => location.hash), '#/applications');
  await d.page.goForward();
  await opened(d);
  await d.page.fill('#name', 'Changed');
  await d.page.goBack();
  await asked(d);
  await d.page.click('#ask-no');
  assert.equal(await d.page.inputValue('#name'), 'Changed');
  await d.page.waitForFunction(() => location.hash === '#/applications/old-dialler');
  await d.page.keyboard.press('Escape');
  await asked(d);
  await d.page.click('#ask-yes');
  await closed(d);
});

journey('the focus stays in the drawer and comes back to where it was', async (d) => {
  await d.enter('#/people');
  await listed(d);
  await tab(d, 'Anna Meier');
  await d.page.keyboard.press('Enter');
  await opened(d);
  for (let i = 0; i < 30; i++) {
    await d.page.keyboard.press('Tab');
    assert.equal(await d.page.evaluate(() => document.activeElement === document.body || Boolean(document.activeElement?.closest('dialog.drawer'))), true);
  }
  await d.page.keyboard.press('Escape');
  await closed(d);
  assert.equal(await focused(d), 'Anna Meier');
});

journey('somebody else was faster', async (d) => {
  await d.enter('#/applications/crm');
  await opened(d);
  Object.assign(d.office.rows.applications.find((a) => a.id === 'crm'), { name: 'Theirs', version: 2 });
  await d.page.fill('#name', 'Mine');
  await d.page.click('#save');
  await d.page.click('#load-anew');
  await d.page.waitForFunction(() => /** @type {HTMLInputElement | null} */ (document.querySelector('#name'))?.value === 'Theirs');
  assert.equal(await d.page.locator('.problem .callout').count(), 0);
  await d.page.fill('#name', 'Mine');
  await d.page.click('#save');
  await closed(d);
  assert.equal(d.office.rows.applications.find((a) => a.id === 'crm').name, 'Mine');
});

journey('taking rights asks once; the last administrator stays one', async (d) => {
  await d.enter('#/people/admin1');
  await opened(d);
  await d.page.uncheck('input[value="admin"]');
  await d.page.click('#save');
  await asked(d);
  assert.match(await d.page.innerText('dialog.ask'), /signed out everywhere at once[\s\S]*you lose these settings/);
  await d.page.click('#ask-yes');
  await d.page.waitForSelector('.problem .callout');
  assert.match(await d.page.innerText('.problem'), /Nobody else is an administrator/);
  assert.equal(await d.page.locator('#load-anew').count(), 0);
  await d.page.goto(`${new URL(d.page.url()).origin}/admin#/applications/crm`);
  await d.page.click('#ask-yes');
  await d.page.waitForFunction(() => /** @type {HTMLInputElement | null} */ (document.querySelector('#name'))?.value.startsWith('Kunden'));
  await d.page.uncheck('input[value="tickets:write"]');
  await d.page.click('#save');
  await asked(d);
  await d.page.click('#ask-yes');
  await closed(d);
  assert.deepEqual(d.office.rows.applications.find((a) => a.id === 'crm').scopes, ['tickets:read']);
});

journey('the network fails and comes back', async (d) => {
  await d.enter('#/people');
  await listed(d);
  d.online = false;
  await d.page.click('#to-keys');
  await d.page.waitForSelector('#retry');
  assert.match(await d.page.innerText('[role=alert]'), /does not answer/);
  d.online = true;
  await d.page.click('#retry');
  await listed(d);
  await d.page.click('#to-people');
  await d.page.click('a.open >> text=Anna Meier');
  await opened(d);
  await d.page.fill('#name', 'Anna Huber');
  d.online = false;
  await d.page.click('#save');
  await d.page.waitForSelector('.problem .callout');
  assert.equal(await d.page.inputValue('#name'), 'Anna Huber');
  d.online = true;
  await d.page.click('#save');
  await closed(d);
});

journey('what answers at once shows no waiting', async (d) => {
  await d.enter('#/keys');
  await listed(d);
  const go = d.hold();
  await d.page.click('#to-people');
  const note = await d.page.waitForSelector('#screen .busy-note', { state: 'attached' });
  assert.equal(await note.evaluate((e) => getComputedStyle(e).visibility), 'hidden');
  await d.page.waitForSelector('#screen .busy-note', { state: 'visible' });
  go();
  await listed(d);
});

journey('a built-in one can be looked at only', async (d) => {
  await d.enter('#/applications/guichet');
  await opened(d);
  assert.match(await d.page.innerText('dialog.drawer'), /You can look at it/);
  assert.equal(await d.page.locator('#save').count(), 0);
  assert.equal(await d.page.isDisabled('#name'), true);
  assert.equal(await d.page.getByRole('button', { name: 'Delete' }).count(), 0);
});

journey('the menu of a narrow window', async (d) => {
  await d.enter('#/keys');
  await listed(d);
  assert.equal(await d.page.isVisible('#to-people'), false);
  await press(d, 'Menu');
  await d.page.waitForSelector('#to-people', { state: 'visible' });
  await d.page.keyboard.press('Tab');
  await d.page.keyboard.press('Escape');
  assert.equal(await focused(d), 'Menu');
  await d.page.keyboard.press('Enter');
  await press(d, 'People');
  await listed(d);
  assert.equal(await d.page.innerText('#screen h1'), 'People');
  assert.equal(await d.page.isVisible('#to-people'), false);
}, { viewport: { width: 320, height: 640 } });
