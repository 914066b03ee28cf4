import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyOf, signToken } from '../../src/auth/tokens.ts';
import { hasBrowser } from '../support/browser.ts';
import { type Host, startNodeHost } from '../support/browser-hosts.ts';
import { Company, nodeHostFor } from '../support/browser-company.ts';

const SECRET = 'a secret of forty characters, or even more';

const company = Company.forAll();

/** A team's own site: signing in there sets a cookie, with which the page requests tokens. */
class Site {
  readonly #server: Server;
  /** How long its tokens are valid, in seconds. */
  holdsFor = 3_600;
  asked = 0;
  /** Whether every user is signed out at the site. */
  isClosed = false;

  constructor() {
    this.#server = createServer((request, response) => void this.#respond(request, response));
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, headers, body } = await this.#answer(request.url ?? '', request.headers);
    response.writeHead(status, headers).end(body);
  }

  async #answer(path: string, { cookie = '', origin = '' }: IncomingHttpHeaders) {
    const url = new URL(path, 'http://site');
    if (url.pathname === '/sign-in') {
      const location = url.searchParams.get('return_to') ?? '/';
      return { status: 302, headers: { location, 'set-cookie': 'user=ann' }, body: '' };
    }
    this.asked++;
    const headers = {
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
    };
    if (this.isClosed || !cookie.includes('user=ann')) return { status: 401, headers, body: '' };
    const exp = Math.floor(Date.now() / 1_000) + this.holdsFor;
    const token = await signToken({ sub: 'ann', name: 'Ann of the site', exp }, keyOf(SECRET));
    return { status: 200, headers, body: JSON.stringify({ token }) };
  }
}

describe.skipIf(!hasBrowser)('signing in at a site', () => {
  const site = new Site();
  let host: Host;

  beforeAll(async () => {
    const url = await site.open();
    const settings = {
      JWT_SECRET: SECRET,
      SIGN_IN_URL: `${url}/sign-in`,
      TOKEN_URL: `${url}/token`,
    };
    host = await startNodeHost(settings, false);
  });

  afterAll(async () => {
    await host?.close();
    site.close();
  });

  test('needs no token by hand, renews it unnoticed, and leads to the site when its sign-in ends', async () => {
    site.holdsFor = 8;
    const ann = await company.arrives(`${host.url}#${encodeURIComponent(company.room)}`);
    const { page } = ann;
    const link = page.getByRole('link', { name: 'Sign in' });
    await link.waitFor();
    expect(await page.getByText('I have a token').isVisible()).toBe(false);
    expect(await page.getByLabel('Your name').isVisible()).toBe(false);
    await link.click();
    await ann.isIn();
    await ann.write('in at once');
    await expect.poll(() => ann.said()).toEqual(['in at once']);
    await page.locator('#me').getByText('Ann of the site').waitFor();
    const before = site.asked;
    await expect.poll(() => site.asked).toBeGreaterThan(before);
    await ann.write('still in');
    await expect.poll(() => ann.said()).toEqual(['in at once', 'still in']);
    // A reload needs no sign-in either.
    await page.reload();
    await expect.poll(() => ann.said()).toEqual(['in at once', 'still in']);
    site.isClosed = true;
    await page.getByText('Your sign-in has ended; sign in again.').waitFor();
    await link.waitFor();
    site.isClosed = false;
    site.holdsFor = 3_600;
  });

  test('allows the page to connect to the site, and to nothing else', async () => {
    const policy = (await fetch(host.url)).headers.get('content-security-policy') ?? '';
    const { tokenUrl } = (await (await fetch(new URL('/page.json', host.url))).json()) as {
      tokenUrl: string;
    };
    expect(policy).toContain(`connect-src 'self' ${new URL(tokenUrl).origin};`);
    expect(policy).not.toMatch(/unsafe|\*/);
  });
});

describe.skipIf(!hasBrowser)('the page, at a mention', () => {
  const host = nodeHostFor({ COMMAND_BURST: '100000' });

  test('offers notifications at the first one only, and counts mentions in title and icon', async () => {
    const ann = await company.comesIn('Ann', host().url);
    const { page } = ann;
    await page.evaluate(
      "Object.defineProperty(Notification, 'permission', { value: 'default', configurable: true })",
    );
    const ben = await company.comesIn('Ben', host().url);
    await ben.write('hello all');
    await ann.message('hello all').waitFor();
    expect(await page.getByRole('button', { name: 'Notify me' }).count()).toBe(0);
    await ben.write('@Ann look');
    await page.getByRole('button', { name: 'Notify me' }).waitFor();
    await page.getByRole('button', { name: 'Close', exact: true }).first().click();
    const first = company.room;
    const second = `${first} second`;
    await page.evaluate(`location.hash = ${JSON.stringify(encodeURIComponent(second))}`);
    await page.getByRole('heading', { level: 1, name: second }).waitFor();
    await ben.write('@Ann again');
    await expect.poll(() => page.title()).toBe(`(@ 1) ${second} · Parlor`);
    const icon = page.locator('link[rel="icon"]');
    await expect.poll(() => icon.getAttribute('href')).toBe('/icon-unread.svg');
    expect(await page.getByRole('button', { name: 'Notify me' }).count()).toBe(0);
    await page.evaluate(`location.hash = ${JSON.stringify(encodeURIComponent(first))}`);
    await expect.poll(() => icon.getAttribute('href')).toBe('/icon.svg');
  });
});
