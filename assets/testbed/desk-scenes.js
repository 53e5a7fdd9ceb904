// @ts-check
/** Every screen and state of the settings page and the way to it, for the tests and for the pictures. */

/** @typedef {import('./desk.js').Desk} Desk */
/** @typedef {{ name: string, play: (desk: Desk) => Promise<unknown> }} Scene */

/** The list is there. @param {Desk} d */
export const listed = (d) => d.page.waitForSelector('#screen tbody tr, #screen .empty');
/** The drawer is there with its form. @param {Desk} d */
export const opened = (d) => d.page.waitForSelector('dialog.drawer #edit');

/** @param {string} name @param {string} hash @param {(d: Desk) => void} [set] @returns {Scene} */
const list = (name, hash, set) => ({
  name,
  play: async (d) => {
    set?.(d);
    await d.enter(hash);
    await listed(d);
  },
});
/** @param {string} name @param {string} hash @param {(d: Desk) => Promise<unknown>} [then] @param {(d: Desk) => void} [set] @returns {Scene} */
const drawer = (name, hash, then, set) => ({
  name,
  play: async (d) => {
    set?.(d);
    await d.enter(hash);
    await opened(d);
    await then?.(d);
  },
});
/** Presses a button of the drawer by its name. @param {string} label */
export const press = (label) => (/** @type {Desk} */ d) => d.page.getByRole('button', { name: label, exact: true }).click();
/** @param {string} label */
const asks = (label) => async (/** @type {Desk} */ d) => {
  await press(label)(d);
  await d.page.waitForSelector('dialog.ask');
};
const broken = { status: 500, body: { code: 'internal', message: 'internal' } };

export const trials = {
  good: {
    ok: true,
    steps: [
      { name: 'Address', ok: true, detail: 'login.alpine-bank.example is 192.0.2.40.' },
      { name: 'Discovery', ok: true, detail: 'The provider describes itself as it should.' },
      { name: 'Keys', ok: true, detail: '2 keys were found.' },
    ],
  },
  bad: {
    ok: false,
    steps: [
      { name: 'Address', ok: true, detail: 'login.alpine-bank.example is 192.0.2.40.' },
      { name: 'Discovery', ok: false, detail: 'The provider calls itself https://login.alpine-bank.example/ with a slash at its end. Write the issuer the same way.' },
    ],
  },
};

/** @type {Scene[]} */
export const scenes = [
  { name: 'signed-out', play: async (d) => { await d.visit(); await d.shows('signed-out'); } },
  { name: 'signed-out-ended', play: async (d) => { await d.enter(); await listed(d); d.office.expel(); await d.page.click('#to-keys'); await d.shows('signed-out'); } },
  { name: 'stranger', play: async (d) => { d.office.administrator = false; await d.enter(); await d.shows('stranger'); } },
  { name: 'unreachable', play: async (d) => { d.office.instead = { 'GET policy': broken }; await d.enter(); await d.shows('failed'); } },

  list('applications', ''),
  list('applications-none', '', (d) => { d.office.rows.applications = []; }),
  { name: 'applications-no-match', play: async (d) => { await d.enter(); await listed(d); await d.page.fill('#search', 'zebra'); await d.page.waitForSelector('.empty'); } },
  { name: 'applications-busy', play: async (d) => { await d.enter('#/keys'); await listed(d); d.hold(); await d.page.evaluate(() => { location.hash = '#/applications'; }); await d.page.waitForSelector('#screen .busy-note'); } },
  { name: 'applications-failing', play: async (d) => { d.office.instead = { 'GET applications': broken }; await d.enter(); await d.page.waitForSelector('#retry'); } },
  drawer('application', '#/applications/crm'),
  drawer('application-public', '#/applications/tellers-desktop'),
  drawer('application-fixed', '#/applications/guichet'),
  drawer('application-new', '#/applications/+new'),
  drawer('application-wrong', '#/applications/+new', async (d) => {
    await d.page.check('input[value="authorization_code"]');
    await d.page.fill('#redirects', 'http://alpine-bank.example/callback\nhttps://fine.example/\nnothing');
    await d.page.click('#save');
    await d.page.waitForSelector('.field-problem p');
  }),
  drawer('application-secret', '#/applications/+new', async (d) => {
    await d.page.fill('#name', 'Branch statistics');
    await d.page.fill('#id', 'branch-statistics');
    await d.page.click('#save');
    await d.page.waitForSelector('.once');
  }),
  drawer('application-conflict', '#/applications/crm', async (d) => {
    const row = d.office.rows.applications.find((a) => a.id === 'crm');
    row.version++;
    await d.page.fill('#name', 'CRM');
    await d.page.click('#save');
    await d.page.waitForSelector('#load-anew');
  }),
  drawer('application-delete', '#/applications/tellers-desktop', asks('Delete')),
  drawer('application-unsaved', '#/applications/crm', async (d) => {
    await d.page.fill('#name', 'CRM');
    await d.page.click('#cancel');
    await d.page.waitForSelector('dialog.ask');
  }),
  { name: 'application-gone', play: async (d) => { await d.enter('#/applications/nobody'); await d.page.waitForSelector('dialog.drawer .callout.bad'); } },

  list('people', '#/people'),
  list('people-none', '#/people', (d) => { d.office.rows.users = []; }),
  list('people-many', '#/people', (d) => { d.office.rows.users = Array.from({ length: 60 }, (_, i) => ({ ...d.office.rows.users[1], id: `agent.${i}`, displayName: `Agent ${i}` })); }),
  drawer('person', '#/people/p.papadopoulos'),
  drawer('person-new', '#/people/+new'),
  drawer('person-password', '#/people/anna.meier', async (d) => {
    await asks('New password')(d);
    await d.page.click('#ask-yes');
    await d.page.waitForSelector('.once');
  }),
  drawer('person-disable-self', '#/people/admin1', asks('Disable')),

  list('providers', '#/providers'),
  list('providers-none', '#/providers', (d) => { d.office.rows.providers = []; }),
  drawer('provider', '#/providers/head-office', (d) => d.page.evaluate(() => { for (const x of document.querySelectorAll('details')) x.open = true; })),
  drawer('provider-off', '#/providers/contact-centre'),
  drawer('provider-new', '#/providers/+new'),
  drawer('provider-trial-good', '#/providers/head-office', async (d) => { await d.page.click('#try'); await d.page.waitForSelector('.verdict'); }, (d) => { d.office.trial = trials.good; }),
  drawer('provider-trial-bad', '#/providers/head-office', async (d) => { await d.page.click('#try'); await d.page.waitForSelector('.verdict'); }, (d) => { d.office.trial = trials.bad; }),
  drawer('provider-trial-busy', '#/providers/head-office', async (d) => { d.hold(); await d.page.click('#try'); await d.page.waitForSelector('.trial .busy-note'); }),
  drawer('provider-delete', '#/providers/head-office', asks('Delete')),

  list('keys', '#/keys'),
  { name: 'keys-stolen', play: async (d) => { await d.enter('#/keys'); await listed(d); await d.page.click('#stolen'); await d.page.waitForSelector('dialog.ask'); } },
  list('audit', '#/audit'),
  list('audit-who', '#/audit?refused=true&subject=anna.meier'),
  list('audit-no-match', '#/audit?text=zebra'),
  list('audit-none', '#/audit', (d) => { d.office.log = []; }),
];
