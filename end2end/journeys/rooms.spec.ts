// Rooms in the console: create, modify, open and close them, let participants in, limit and release them, and see what is said.
import { Arrange, PASSWORD } from '../fixtures/arrange';
import { Console, expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { signInOnce } from '../fixtures/worker';
import { confirm, dialog, field, said, unique } from '../steps/keys';

test('a room is created, modified, closed, opened and deleted', async ({ owner, watch }) => {
  const { page } = owner;
  const main = page.getByRole('main');
  const name = unique('Lobby');
  await owner.open('/');
  const menu = page.getByRole('navigation', { name: 'Main' });
  await expect(menu).toContainText('Chatroom Management');
  await menu.getByRole('link', { name: 'Chatroom list' }).click();
  await expect(page.getByRole('heading', { name: 'Chatroom list', level: 1 })).toBeVisible();
  await owner.alive();

  await test.step('the form says what is wrong, and keeps what was typed', async () => {
    await page.getByRole('link', { name: 'Create a room' }).first().click();
    await owner.alive();
    await dialog(owner).getByLabel('Name').fill(name);
    await dialog(owner).getByLabel('Most participants').fill('0');
    watch.expects(422, /\/rooms\/new$/);
    await dialog(owner).getByRole('button', { name: 'Create' }).click();
    await expect(page.getByText('Enter a number from 1 to 10,000')).toBeVisible();
    await owner.alive();
    await expect(dialog(owner).getByLabel('Name')).toHaveValue(name);
    await dialog(owner).getByLabel('Most participants').fill('2');
    await dialog(owner).getByRole('button', { name: 'Create' }).click();
    await said(owner, 'The room is created.');
    await owner.alive();
  });

  const id = owner.at.replace('/rooms/', '').replace(/\?.*/, '');
  await test.step('its page and the list show the ROOM ID', async () => {
    expect(id).toMatch(/^[0-9a-f]{24}$/);
    await expect(main).toContainText('ROOM ID (Channel Key)');
    await expect(page.locator('#room-id')).toHaveText(id);
    await expect(main).toContainText('Open');
    await expect(main).toContainText('0 of 2');
    await owner.open(`/rooms?q=${encodeURIComponent(name)}`);
    const row = main.getByRole('row').filter({ hasText: name });
    await expect(row).toContainText(id);
    await expect(main).toContainText('also known as the Channel Key');
    if (owner.scripts) {
      await row.getByRole('button', { name: `Copy the ROOM ID of ${name}` }).click();
      await expect(row.getByRole('status')).toHaveText('Copied');
    }
  });

  await test.step('modify', async () => {
    await owner.open(`/rooms/${id}`);
    await page.getByRole('link', { name: 'Modify…' }).click();
    await owner.alive();
    await expect(dialog(owner).getByLabel('Most participants')).toHaveValue('2');
    await dialog(owner).getByLabel('Most participants').fill('50');
    await dialog(owner).getByLabel('Password of the room').fill('sesame');
    await confirm(owner, 'Save', 'The room is saved.');
    await owner.alive();
    await expect(main).toContainText('0 of 50');
    await expect(main).toContainText('Needed to join');
  });

  await test.step('close and open', async () => {
    await page.getByRole('link', { name: 'Close…' }).click();
    await owner.alive();
    await confirm(owner, 'Close', 'The room is closed.');
    await owner.alive();
    await expect(main).toContainText('Closed');
    await expect(page.getByRole('link', { name: 'Join', exact: true })).toHaveCount(0);
    await page.getByRole('link', { name: 'Open…' }).click();
    await owner.alive();
    await confirm(owner, 'Open', 'The room is open.');
    await owner.alive();
    await expect(page.getByRole('link', { name: 'Join', exact: true })).toBeVisible();
  });

  await test.step('delete asks for the name', async () => {
    await page.getByRole('link', { name: 'Delete…' }).click();
    await owner.alive();
    await dialog(owner).getByRole('textbox').fill('another');
    watch.expects(422, /\/delete$/);
    await dialog(owner).getByRole('button', { name: 'Delete' }).click();
    await expect(page.getByText('Type the name of the room exactly as it is.')).toBeVisible();
    await owner.alive();
    await dialog(owner).getByRole('textbox').fill(name);
    await confirm(owner, 'Delete', 'The room is deleted');
    watch.expects(404, new RegExp(id));
    await page.goto(`${owner.server.url}/rooms/${id}`);
    await expect(page.getByRole('heading', { name: 'Room not found' })).toBeVisible();
  });
});

test.describe('a browser in Tokyo', () => {
  test.use({ timezoneId: 'Asia/Tokyo' });

  test('times of a room are typed in the zone of the browser, and in UTC without scripts', async ({ owner }) => {
    const { page } = owner;
    await owner.open('/rooms/new');
    await dialog(owner).getByLabel('Name').fill(unique('Lobby'));
    await dialog(owner).getByLabel('Ends').fill('2099-01-01T10:00');
    await expect(dialog(owner)).toContainText(owner.scripts ? 'Time zone: Asia/Tokyo.' : 'Time zone: UTC.');
    await dialog(owner).getByRole('button', { name: 'Create' }).click();
    await said(owner, 'The room is created.');
    await owner.alive();
    const moment = owner.scripts ? '2099-01-01T01:00:00' : '2099-01-01T10:00:00';
    await expect(page.locator(`time[datetime^="${moment}"]`)).toHaveCount(1);
    await page.getByRole('link', { name: 'Modify…' }).click();
    await owner.alive();
    await expect(dialog(owner).getByLabel('Ends')).toHaveValue(/^2099-01-01T10:00/);
  });
});

test('participants join, are limited and released by their CLIENT KEY', async ({ owner, arrange, watch }) => {
  const { page } = owner;
  const main = page.getByRole('main');
  const room = await arrange.room({ name: unique('Users') });
  await owner.open(`/rooms/${room}`);
  await expect(main).toContainText('Nobody is in the room.');
  await page.getByRole('link', { name: 'Join', exact: true }).click();
  await owner.alive();

  await test.step('joining answers a CLIENT KEY', async () => {
    await field(owner, 'Nickname').fill('Ana');
    await page.getByRole('button', { name: 'Join' }).click();
    await expect(page.getByRole('heading', { name: /is in/ })).toBeVisible();
    await owner.alive();
    await expect(main).toContainText('CLIENT KEY (User Key)');
    const made = await page.locator('#client-key').innerText();
    expect(made.trim()).toMatch(/^[0-9A-Za-z]{16}$/);
    await examine(page, 'room-joined');
  });

  await test.step('a CLIENT KEY of one’s own is kept, and is one of a kind', async () => {
    await page.getByRole('link', { name: 'Let another one in' }).click();
    await owner.alive();
    await field(owner, 'Nickname').fill('Bo');
    await field(owner, 'CLIENT KEY (User Key)').fill('bo-1');
    await page.getByRole('button', { name: 'Join' }).click();
    await expect(page.locator('#client-key')).toHaveText('bo-1');
    await owner.alive();
    await page.getByRole('link', { name: 'Let another one in' }).click();
    await owner.alive();
    await field(owner, 'Nickname').fill('Bo again');
    await field(owner, 'CLIENT KEY (User Key)').fill('bo-1');
    watch.expects(422, /\/join$/);
    await page.getByRole('button', { name: 'Join' }).click();
    await expect(page.getByText('Somebody in the room has this client key')).toBeVisible();
    await owner.alive();
    await expect(field(owner, 'CLIENT KEY (User Key)')).toHaveAttribute('aria-invalid', 'true');
    await expect(field(owner, 'Nickname')).toHaveValue('Bo again');
    await page.getByRole('link', { name: 'Cancel' }).click();
    await owner.alive();
  });

  const row = () => main.getByRole('row').filter({ hasText: 'bo-1' });
  await test.step('mute and lift', async () => {
    await expect(row()).toContainText('Bo');
    await row().getByRole('button', { name: 'Mute Bo' }).click();
    await said(owner, 'The participant is muted');
    await owner.alive();
    await expect(row()).toContainText('Muted');
    await page.getByRole('link', { name: 'Muted', exact: true }).click();
    await expect(page).toHaveURL(/show=muted/);
    await owner.alive();
    await expect(row()).toBeVisible();
    await row().getByRole('button', { name: 'Lift the mute of Bo' }).click();
    await said(owner, 'The participant can write again.');
    await owner.alive();
    await expect(main).toContainText('Nobody is muted.');
  });

  await test.step('ban and lift', async () => {
    await page.getByRole('link', { name: 'In the room', exact: true }).click();
    await expect(page).not.toHaveURL(/show=/);
    await owner.alive();
    await row().getByRole('button', { name: 'Ban Bo' }).click();
    await said(owner, 'The participant is banned');
    await owner.alive();
    await expect(row()).toHaveCount(0);
    await page.getByRole('link', { name: 'Banned', exact: true }).click();
    await expect(page).toHaveURL(/show=banned/);
    await owner.alive();
    await row().getByRole('button', { name: 'Lift the ban of Bo' }).click();
    await said(owner, 'The ban is lifted.');
    await owner.alive();
    await expect(main).toContainText('Nobody is banned.');
  });
});

test('messages of a room appear as they come, or after a reload', async ({ owner, arrange }) => {
  const { page } = owner;
  const room = await arrange.room({ name: unique('Live') });
  await owner.open(`/rooms/${room}`);
  const messages = page.getByRole('list', { name: 'Messages, newest first' });
  await arrange.notice(room, 'Lunch <b>is</b> ready');
  if (!owner.scripts) await page.getByRole('link', { name: 'Reload' }).click();
  await expect(messages.getByRole('listitem').first()).toContainText('Lunch <b>is</b> ready');
  await expect(messages.getByRole('listitem').first()).toContainText('notice');

  await page.getByText('Write a notice').click();
  await page.getByRole('textbox', { name: /^Notice/ }).fill('Second\u00a0helping');
  await page.getByRole('button', { name: 'Send the notice' }).click();
  await said(owner, 'The notice is in the room.');
  await owner.alive();
  await expect(messages.getByRole('listitem').first()).toContainText('Second');
  await arrange.notice(room, 'Third helping');
  if (!owner.scripts) await page.getByRole('link', { name: 'Reload' }).click();
  await expect(messages.getByRole('listitem').first()).toContainText('Third helping');
  await expect(messages.getByRole('listitem')).toHaveCount(3);
  await examine(page, 'room-messages');
});

test('whoever turns to earlier messages stays among them', async ({ owner, arrange }) => {
  const { page } = owner;
  const room = await arrange.room({ name: unique('Long') });
  for (let n = 1; n <= 55; n += 1) await arrange.notice(room, `Message ${n}.`);
  await owner.open(`/rooms/${room}`);
  await page.getByRole('link', { name: 'Earlier messages' }).click();
  await owner.alive();
  await expect(page.getByRole('list', { name: 'Messages, newest first' }).getByRole('listitem')).toHaveCount(5);
  await expect(page.getByRole('heading', { name: 'Messages' })).toBeInViewport();
  await page.getByRole('link', { name: 'Latest messages' }).first().click();
  await owner.alive();
  await expect(page.getByRole('list', { name: 'Messages, newest first' })).toContainText('Message 55.');
  await expect(page.getByRole('heading', { name: 'Messages' })).toBeInViewport();
});

test('an auditor sees rooms and changes nothing, a guest sees nothing of them', async ({ owner, arrange, browser, scripts }) => {
  const room = await arrange.room({ name: unique('Seen') });
  await arrange.joined(room, { nick_name: 'Ana' });
  const contact = await arrange.contact({ first_name: 'Ada', last_name: unique('Seen') });
  const key = await arrange.active({ name: unique('Seen') });
  for (const role of ['auditor', 'guest']) {
    const email = `${role}.${room}@example.com`;
    await arrange.person({ role, email, ...(role === 'guest' ? { see: key.id } : {}) });
    const context = await browser.newContext({ javaScriptEnabled: scripts, locale: 'en-GB', reducedMotion: 'reduce' });
    await context.addCookies(await signInOnce(owner.server, { email, password: PASSWORD }));
    const theirs = new Console(await context.newPage(), owner.server, scripts);
    const main = theirs.page.getByRole('main');
    await theirs.open('/');
    const listed = theirs.page.getByRole('link', { name: 'Chatroom list' });
    if (role === 'guest') {
      await expect(listed).toHaveCount(0);
      await expect(main).not.toContainText('API KEY');
      await theirs.page.goto(`${owner.server.url}/rooms/${room}`);
      await expect(main).not.toContainText('Ana');
    } else {
      await expect(main).toContainText('Only owners can reveal it');
      await theirs.open(`/rooms/${room}`);
      await expect(main).toContainText('Ana');
      await expect(main.getByRole('button', { name: /Mute|Ban/ })).toHaveCount(0);
      await expect(main.getByRole('link', { name: /Modify|Delete|Join/ })).toHaveCount(0);
      await examine(theirs.page, 'room-auditor');
      await theirs.open(`/contacts/${contact}`);
      await expect(main.getByRole('link', { name: /Edit|Remove/ })).toHaveCount(0);
    }
    await context.close();
  }
  // What an auditor's browser may not send is refused, whatever their page offers.
  const email = `auditor.${room}@example.com`;
  const auditor = new Arrange(owner.server, await signInOnce(owner.server, { email, password: PASSWORD }));
  const answer = await auditor.post(`/rooms/${room}/close`, {});
  expect(answer.status).toBe(403);
});

test('the longest CLIENT KEY breaks, so that no column is cut', async ({ owner, arrange }) => {
  const { page } = owner;
  const room = await arrange.room({ name: unique('Long') });
  await arrange.joined(room, { nick_name: 'N'.repeat(40), client_key: 'k'.repeat(64) });
  await owner.open(`/rooms/${room}`);
  const sheet = page.getByRole('region', { name: 'Table of participants' });
  await expect(sheet).toContainText('k'.repeat(64));
  expect(await sheet.evaluate((box) => box.scrollWidth - box.clientWidth)).toBe(0);
});
