import { existsSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from 'playwright-core';

const CHROMIUM = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
/** Chromium without a user interface: takes a third less processor time, but shows no notifications. */
const SHELL = '/usr/bin/chromium-headless-shell';
const usual = process.env['CHROMIUM_PATH'] === undefined && existsSync(SHELL) ? SHELL : CHROMIUM;

/** Whether there is a browser to test with. */
export const hasBrowser = existsSync(CHROMIUM);

if (!hasBrowser) {
  process.stderr.write(
    `Browser tests did not run: there is no Chromium at ${CHROMIUM}; install it or set CHROMIUM_PATH.\n`,
  );
}

/** The timeout for everything on the page, in milliseconds. */
const PATIENCE_MS = 120_000;

/**
 * Features that the browser runs without. For the first three each window would load two pages of
 * hundreds of files for the address bar and start a spare renderer: a third of these tests' processor
 * time. The others are Playwright's own list, which this one replaces.
 */
const DISABLED_FEATURES = [
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  'SpareRendererForSitePerProcess',
  'AimEnabled',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsFirstBalancedModeAutoEnable',
  'HttpsUpgrades',
  'LensOverlay',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationHints',
  'PaintHolding',
  'PreconnectToSearch',
  'ThirdPartyStoragePartitioning',
];

/** The browsers of this process, by path; they end with it. */
const shared = new Map<string, Promise<Browser>>();

/**
 * The browser that all test files of this process share, one after the other; each closes what it opens.
 * @param notifies whether it shows notifications
 */
export function sharedBrowser(notifies = false): Promise<Browser> {
  const path = notifies ? CHROMIUM : usual;
  const browser = shared.get(path) ?? launchBrowser(path);
  shared.set(path, browser);
  return browser;
}

export function launchBrowser(executablePath = usual): Promise<Browser> {
  return chromium.launch({
    executablePath,
    // Without a locale the browser cannot open files whose name is not ASCII.
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
    args: [
      `--disable-features=${DISABLED_FEATURES.join(',')}`,
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-dev-shm-usage',
    ],
  });
}

/** The parts of a DOM element that are read inside the page. */
interface Row {
  classList: { contains(name: string): boolean };
  querySelector(selector: string): { textContent: string };
}

/** A user with their own browser window, who uses visible elements. */
export class Visitor {
  readonly page: Page;
  /** The name of the last `join`. */
  name = '';
  /** Errors and dialogs of the page, except network errors, which a cut line causes. */
  readonly complaints: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('console', (message) => {
      const text = message.text();
      const isNetwork = /Failed to load resource|WebSocket connection to/.test(text);
      if (message.type() === 'error' && !isNetwork) this.complaints.push(text);
    });
    page.on('dialog', (dialog) => {
      this.complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
  }

  static async arrive(
    browser: Browser,
    url: string,
    options: BrowserContextOptions = {},
  ): Promise<Visitor> {
    const context = await browser.newContext({
      viewport: { width: 1440, height: 800 },
      // Drawing a frame of an animation costs as much as a message.
      reducedMotion: 'reduce',
      ...options,
    });
    const visitor = new Visitor(await context.newPage());
    await visitor.page.goto(url);
    return visitor;
  }

  async join(name: string, room: string, token?: string): Promise<void> {
    const { page } = this;
    this.name = name;
    await page.getByLabel('Your name').fill(name);
    await page.getByLabel('Room', { exact: true }).fill(room);
    if (token !== undefined) {
      const field = page.getByLabel('Token', { exact: true });
      if (!(await field.isVisible())) await page.getByText('I have a token').click();
      await field.fill(token);
    }
    await page.getByRole('button', { name: 'Join', exact: true }).click();
  }

  /** Waits until this visitor has joined and is connected. */
  async isIn(): Promise<void> {
    const { page } = this;
    await page
      .getByText(/This is the beginning of|Nothing was said here yet|Show earlier/)
      .first()
      .waitFor();
    await page.locator('#banner:empty').waitFor({ state: 'attached' });
  }

  /** Dispatches the event by which a browser reports that the network is back. */
  async isOnlineAgain(): Promise<void> {
    await this.page.evaluate("window.dispatchEvent(new Event('online'))");
  }

  /** The messages in the log that contain this text. */
  message(text: string): Locator {
    return this.page.locator('#messages .message').filter({
      has: this.page.locator('.text').filter({ hasText: text }),
    });
  }

  /** Waits until a message of this visitor that contains this text is stored. */
  async hasSent(text: string): Promise<void> {
    await this.message(text).and(this.page.locator(':not(.is-unsent)')).first().waitFor();
  }

  /** Leaves the room that is shown. */
  async leave(): Promise<void> {
    await this.page.getByRole('button', { name: 'Room menu' }).click();
    await this.page.getByRole('menuitem', { name: 'Leave room' }).click();
  }

  get field(): Locator {
    return this.page.getByRole('textbox', { name: 'Message' });
  }

  async write(text: string): Promise<void> {
    await this.field.fill(text);
    await this.field.press('Enter');
  }

  /** The texts in the log, in order; unsent ones begin with `unsent: `. */
  async said(): Promise<string[]> {
    const rows = this.page.locator('#messages .message');
    return rows.evaluateAll((all: Row[]) =>
      all.map((row) => {
        const isUnsent = row.classList.contains('is-unsent');
        return `${isUnsent ? 'unsent: ' : ''}${row.querySelector('.text').textContent}`;
      }),
    );
  }

  /** The names in the page's list of online users. */
  here(): Promise<string[]> {
    return this.page.locator('.people-list .name').allTextContents();
  }

  /** Throws if the browser has complained. */
  assertContent(): void {
    if (this.complaints.length > 0) throw new Error(this.complaints.join('\n'));
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}

/** A TCP proxy to a host that can be cut and mended. */
export class Line {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(target: URL) {
    this.#server = createServer((near) => {
      if (this.#isCut) {
        near.destroy();
        return;
      }
      const far = connect(Number(target.port), target.hostname);
      this.#tie(near, far);
      this.#tie(far, near);
    });
  }

  static async to(url: string): Promise<Line> {
    const line = new Line(new URL(url));
    await new Promise<void>((resolve) => {
      line.#server.listen(0, '127.0.0.1', resolve);
    });
    return line;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  #tie(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.pipe(to);
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
