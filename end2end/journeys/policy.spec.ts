// The content security policy of every kind of answer, read by Google's evaluator of such policies.
import { CspEvaluator } from 'csp_evaluator/dist/evaluator.js';
import { CspParser } from 'csp_evaluator/dist/parser.js';

import { expect, test } from '../fixtures/console';

test('the policy of no answer has a finding', async ({ server, page }) => {
  await page.goto(`${server.url}/login`);
  const file = await page.locator('link[rel=stylesheet]').getAttribute('href');
  for (const path of ['/login', '/no/such/page', '/healthz', '/v1/keys/self', '/docs', '/favicon.svg', file!]) {
    const answer = await fetch(server.url + path, { redirect: 'manual' });
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy, path).not.toBe('');
    expect(new CspEvaluator(new CspParser(policy).csp).evaluate(), path).toEqual([]);
  }
});
