// An upgrade while somebody reads: the new server waits for its turn, and keeps nobody waiting for long.
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { seconds } from './lib/figures.mjs';
import { Postgres } from './lib/postgres.mjs';
import { Server, command, expect } from './lib/server.mjs';

/** The migrations from the seventh on only add these, and take one column away. */
const UNDO = 'DELETE FROM _sqlx_migrations WHERE version >= 7; DROP FUNCTION audit_event_counted CASCADE; ' +
  'DROP FUNCTION key_stamp_raised CASCADE; DROP TABLE key_stamp; ' +
  'ALTER TABLE session DROP COLUMN password_checked_at, DROP COLUMN factor_checked_at, DROP COLUMN owes_password; ' +
  'ALTER TABLE session DROP COLUMN app_id; ALTER TABLE app DROP COLUMN name_key, DROP COLUMN likeness, DROP COLUMN archived_at, DROP COLUMN profile; ' +
  'ALTER TABLE person DROP COLUMN apps; ALTER TABLE link DROP COLUMN made_by; ' +
  'DROP TABLE key_secret_minute, key_secret_address, key_rotation; DROP INDEX key_secret_ends, api_key_rotation_due; ' +
  'ALTER TABLE key_secret DROP COLUMN sealed, DROP COLUMN seal_version; ' +
  'ALTER TABLE api_key DROP COLUMN integration_id, ADD COLUMN sealed_secret BYTEA; ' +
  'ALTER TABLE api_key DROP COLUMN secrets_made, DROP COLUMN rotate_days, DROP COLUMN rotation_due_at; ' +
  'DROP TABLE passkey, passkey_challenge, identity, removed_email, provider_answer; ' +
  'DROP TABLE webhook, integration; ' +
  'DROP TABLE event, event_end, event_block; ' +
  'DROP TABLE delivery; ' +
  'DROP TABLE node, limit_share; ' +
  'DROP TABLE member_key; ' +
  'DROP TABLE room, deleted_room, participant, message, attachment, attachment_part, deletion; ' +
  'ALTER TABLE api_key DROP COLUMN acts_for; DROP TABLE contact; ' +
  'DROP TABLE api_answer, key_request, hand_over, sign_in_step, recovery_code, second_factor, key_grant, invite; ' +
  'DROP TABLE audit_day, audit_name, bulk_act, key_draft, permission_name, saved_view, key_name_part, key_label; ' +
  'DROP INDEX audit_event_at, audit_event_action, audit_event_actor, audit_event_by_name, audit_event_by_id, sign_in_failure_fewest, api_key_open, api_key_start; ' +
  'ALTER TABLE api_key DROP COLUMN environment, DROP COLUMN external_id, DROP COLUMN owner, DROP COLUMN tags, DROP COLUMN metadata; ' +
  'ALTER TABLE person DROP COLUMN name_key, DROP COLUMN email_mac, DROP COLUMN last_sign_in_at, DROP COLUMN access_ends_at, DROP COLUMN time_zone, ' +
  'DROP COLUMN confirmed_email, DROP COLUMN email_confirmed_at';

export async function drill({ folder }) {
  const postgres = await Postgres.start();
  const settings = { KEYSTEAD_DATA_DIR: join(folder, 'data'), KEYSTEAD_DATABASE_URL: postgres.url() };
  let server;
  try {
    const token = (await command(settings, ['key', 'issue', '--kind', 'service', '--name', 'n'])).trim();
    postgres.psql(UNDO);
    const dump = await postgres.session('BEGIN', 'SELECT count(*) FROM api_key', 'SELECT count(*) FROM key_quota');
    const refused = await command(settings, ['check']).then(() => '', (error) => error.message);
    expect(refused.includes('keystead migrate'), `a command beside an older server says: ${refused}`);
    server = await Server.start(settings, { ready: false });
    let most = 0;
    const begin = performance.now();
    const waited = () => performance.now() - begin;
    const said = () => server.log.includes('waiting up to 60 s for the database');
    while (waited() < 12_000 || (!said() && waited() < 30_000)) {
      const begun = performance.now();
      postgres.psql('SELECT count(*) FROM api_key');
      most = Math.max(most, (performance.now() - begun) / 1000);
      await pause(50);
    }
    // The upgrade waits 2 s at a time for its locks. If that were the 10 s of others, a read behind it would wait as long.
    expect(most < 6, `a read waited ${seconds(most)} behind the upgrade`);
    expect(said(), `the server says nothing: ${server.log}`);
    await dump.end();
    await server.stop('SIGKILL');
    server = await Server.start(settings);
    expect((await server.code(token)) === 'VALID', 'the key does not pass after the upgrade');
    return `reads waited ${seconds(most)} at most while an upgrade stood behind an open transaction; done once that had ended`;
  } finally {
    await server?.stop('SIGKILL');
    await postgres.remove();
  }
}
