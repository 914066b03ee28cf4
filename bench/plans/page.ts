import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CDPSession, Page } from 'playwright-core';
import { WebSocket } from 'ws';
import { roomPath } from '../../local-server/node-rooms.ts';
import { hasBrowser, launchBrowser } from '../../test/support/browser.ts';
import type { Contestant } from '../contestants.ts';
import { fill } from '../fill.ts';
import { tokenFor } from '../generator/tokens.ts';
import { median, rounded } from '../median.ts';
import { machine, writeResults } from '../results.ts';
import { say, type Stage } from '../stage.ts';
import { syncMs } from '../disk.ts';
import { table } from '../table.ts';

/** Factor by which the processor is slowed, to that of a phone or an old laptop. */
const SLOWED = 4;
const ROUNDS = 3;
/** Messages a second in the room in which the user types, and the writers they come from. */
const MESSAGES_PER_SECOND = 50;
const WRITERS = 10;
/** Other members of the crowded room: above 200 users it sends a number instead of names. */
const CROWD = 250;
const KEYS = 60;
const KEY_EVERY_MS = 150;
/** Letters that do not show within this time count as this much. */
const KEY_PATIENCE_MS = 30_000;
const LONG_ROOM = 5_000;
const FRAMES = 240;
const PIXELS_A_FRAME = 80;
const ROOMS = 30;
const SETTLE_MS = 3_000;

/** The measurement evaluates scripts in the page, which its own policy would forbid. */
const WINDOW = { viewport: { width: 1280, height: 800 }, bypassCSP: true };

interface Sample {
  typing: number[];
  /** The same in a crowd. */
  crowded: number[];
  frames: number[];
  firstMessage: number;
}

interface Row {
  name: string;
  typingP50: number;
  typingP95: number;
  crowdedP50: number;
  crowdedP95: number;
  frameP50: number;
  frameP95: number;
  frameLongest: number;
  firstMessage: number;
}

/**
 * How fast the page answers on a slow processor: typing in a busy room, of ten users and of a crowd,
 * scrolling through a long room, and a start with many rooms. Another checkout can be measured in turn
 * with this one.
 */
export async function runPage(
  stage: Stage,
  { against, rounds = ROUNDS }: { against: string | undefined; rounds: number | undefined },
): Promise<void> {
  if (!hasBrowser) return;
  // Rooms are filled the same way for all, so that only the page and its host differ.
  const checkouts = against === undefined ? ['.'] : [against, '.'];
  const samples = new Map(checkouts.map((checkout) => [checkout, [] as Sample[]]));
  for (let round = 1; round <= rounds; round++) {
    for (const checkout of checkouts) {
      samples.get(checkout)?.push(await measure(stage, checkout));
      say(`${checkout}: round ${round} of ${rounds}`);
    }
  }
  const rows = checkouts.map((checkout) => rowOf(checkout, samples.get(checkout) ?? []));
  process.stdout.write(pageText(rows));
  const path = await writeResults('page', { machine: machine(await syncMs(stage.folder)), rows });
  say(`written to ${path}`);
}

async function measure(stage: Stage, checkout: string): Promise<Sample> {
  const contestant: Contestant = {
    name: checkout,
    transport: 'native',
    host: { kind: 'node', durability: 'process', checkout: resolve(checkout) },
  };
  const data = stage.newFolder();
  for (let room = 1; room <= ROOMS; room++)
    await fill(roomPath(data, `room-${room}`), `room-${room}`, 60);
  await fill(roomPath(data, 'long'), 'long', LONG_ROOM);
  const running = await stage.start(contestant, data);
  try {
    const rooms = Array.from({ length: ROOMS }, (_, at) => `room-${at + 1}`);
    return {
      firstMessage: await inBrowser(running.origin, rooms, (opened) => opened.firstMessage),
      frames: await inBrowser(running.origin, ['long'], scrolling),
      typing: await inBrowser(running.origin, ['busy'], (opened) =>
        whileBusy(running.origin, 'busy', 0, () => typing(opened)),
      ),
      crowded: await inBrowser(running.origin, ['crowd'], (opened) =>
        whileBusy(running.origin, 'crowd', CROWD, () => typing(opened)),
      ),
    };
  } finally {
    await stage.stop(running);
  }
}

interface Opened {
  page: Page;
  cdp: CDPSession;
  /** When the first message was painted, in milliseconds after the start of loading. */
  firstMessage: Promise<number>;
}

/** Opens the page as a user who is in these rooms and looks at the last of them. */
async function inBrowser<T>(
  origin: string,
  rooms: readonly string[],
  work: (opened: Opened) => Promise<T>,
): Promise<T> {
  const browser = await launchBrowser();
  try {
    const context = await browser.newContext(WINDOW);
    const page = await context.newPage();
    const token = tokenFor('reader');
    // Earlier checkouts call it a ticket, and the method a way.
    const method = { kind: 'token', token };
    const session = JSON.stringify({ name: '', method, way: method, rooms });
    for (const key of ['session', 'ticket']) {
      await page.addInitScript(
        `sessionStorage.setItem('parlor.${key}', ${JSON.stringify(session)})`,
      );
    }
    const cdp = await context.newCDPSession(page);
    const first = await firstMessageOf(page, cdp);
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: SLOWED });
    await page.goto(`${origin}/#${rooms.at(-1) ?? ''}`);
    return await work({ page, cdp, ...first });
  } finally {
    await browser.close();
  }
}

/** A function in the page that is bound without Playwright, whose own scripts take time to compile. */
const TELL = 'tellFirstMessage';

/** Reports when the first message was painted, in milliseconds after the start of loading. */
const FIRST_MESSAGE = `new MutationObserver((_, observer) => {
  if (document.querySelector('#messages .message') === null) return;
  observer.disconnect();
  requestAnimationFrame(() => setTimeout(() => ${TELL}(String(performance.now()))));
}).observe(document, { childList: true, subtree: true })`;

/** Prepares the report of the first message. The promise is in an object, so that it is not awaited yet. */
async function firstMessageOf(page: Page, cdp: CDPSession): Promise<Pick<Opened, 'firstMessage'>> {
  await cdp.send('Runtime.enable');
  await cdp.send('Runtime.addBinding', { name: TELL });
  await page.addInitScript(FIRST_MESSAGE);
  const firstMessage = new Promise<number>((resolve) => {
    cdp.once('Runtime.bindingCalled', ({ payload }) => resolve(Number(payload)));
  });
  return { firstMessage };
}

/** Scrolls up through a room of many messages. @returns the length of each frame, in milliseconds */
async function scrolling({ page, firstMessage }: Opened): Promise<number[]> {
  await firstMessage;
  await sleep(SETTLE_MS);
  return page.evaluate<number[]>(`new Promise((resolve) => {
    const log = document.querySelector('#log');
    const frames = [];
    let last = performance.now();
    const step = (now) => {
      frames.push(now - last);
      last = now;
      log.scrollTop -= ${PIXELS_A_FRAME};
      if (frames.length < ${FRAMES}) requestAnimationFrame(step);
      else resolve(frames);
    };
    requestAnimationFrame(step);
  })`);
}

/** Types into the field. @returns how long each letter took to show, in milliseconds */
async function typing({ page, cdp }: Opened): Promise<number[]> {
  await page.evaluate(`(() => {
    window.shownAt = [];
    const field = document.querySelector('.composer textarea');
    field.focus();
    field.addEventListener('input', () => {
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => window.shownAt.push(performance.timeOrigin + performance.now());
        port2.postMessage(0);
      });
    });
  })()`);
  // Both clocks are the machine's, so that a letter's wait for its turn counts too.
  const pressedAt: number[] = [];
  for (let key = 0; key < KEYS; key++) {
    pressedAt.push(performance.timeOrigin + performance.now());
    void cdp.send('Input.insertText', { text: 'a' }).catch(() => undefined);
    await sleep(KEY_EVERY_MS);
  }
  const typed = async () => {
    const shownAt = await page.evaluate<number[]>('window.shownAt');
    return shownAt.map((at, key) => at - (pressedAt[key] ?? at));
  };
  const until = performance.now() + KEY_PATIENCE_MS;
  let seen = await typed();
  while (seen.length < KEYS && performance.now() < until) {
    await sleep(500);
    seen = await typed();
  }
  const missing = Array.from({ length: KEYS - seen.length }, () => KEY_PATIENCE_MS);
  return [...seen, ...missing];
}

/** Lets writers talk in the room for as long as the work takes, while others listen. */
async function whileBusy<T>(
  origin: string,
  room: string,
  listeners: number,
  work: () => Promise<T>,
): Promise<T> {
  const url = `${origin.replace('http', 'ws')}/rooms/${room}/ws`;
  const all = await Promise.all(
    Array.from({ length: WRITERS + listeners }, async (_, at) => {
      const socket = new WebSocket(url, ['parlor.v1', `bearer.${tokenFor(`writer-${at}`)}`]);
      await once(socket, 'message');
      return socket;
    }),
  );
  let said = 0;
  const talk = setInterval(() => {
    const writer = all[said % WRITERS];
    said++;
    writer?.send(JSON.stringify(['message', { message: `message number ${said} of many` }]));
  }, 1_000 / MESSAGES_PER_SECOND);
  try {
    await sleep(SETTLE_MS);
    return await work();
  } finally {
    clearInterval(talk);
    for (const socket of all) socket.terminate();
  }
}

function rowOf(name: string, samples: readonly Sample[]): Row {
  const typed = samples.flatMap((sample) => sample.typing);
  const crowded = samples.flatMap((sample) => sample.crowded);
  const frames = samples.flatMap((sample) => sample.frames);
  return {
    name,
    typingP50: rounded(median(typed)),
    typingP95: rounded(share(typed, 0.95)),
    crowdedP50: rounded(median(crowded)),
    crowdedP95: rounded(share(crowded, 0.95)),
    frameP50: rounded(median(frames)),
    frameP95: rounded(share(frames, 0.95)),
    frameLongest: rounded(Math.max(0, ...frames)),
    firstMessage: rounded(median(samples.map((sample) => sample.firstMessage))),
  };
}

function share(list: readonly number[], part: number): number {
  const sorted = list.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

function pageText(rows: readonly Row[]): string {
  const head = [
    'checkout',
    'letter p50',
    'p95',
    'in a crowd p50',
    'p95',
    'frame p50',
    'p95',
    'longest',
    `first of ${ROOMS} rooms`,
  ];
  const body = rows.map(({ name, ...row }) => [name, ...Object.values(row).map(String)]);
  return `\nthe page on a processor slowed ${SLOWED} times, in milliseconds\n${table(head, body)}`;
}
