import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SoakOptions } from '../../scripts/soak.ts';
import type { Identity } from '../../src/protocol/identity.ts';
import { World } from '../simulation/inbox/world.ts';

/** How a busy room is used. */
interface Plan {
  members: number;
  messages: number;
  /** The duration in seconds, over which messages are spread evenly. */
  seconds: number;
  /** The number of members who are connected and read every message at once. */
  present: number;
  /** How often the other members read, in seconds, each at a different time. */
  readEverySeconds: number;
  /** The number of members that each message mentions. */
  mentions: number;
  /** The number of members who watch the room in their inbox. */
  watching: number;
}

interface Costs {
  /** Calls from the room to inboxes; `asked` are those from inboxes to the room. */
  calls: number;
  asked: number;
  /** Rows changed, without index entries: in the room, with its messages, and in all inboxes. */
  roomRows: number;
  inboxRows: number;
}

const usual: Plan = {
  members: 500,
  messages: 2_000,
  seconds: 7_200,
  present: 0,
  readEverySeconds: 1_200,
  mentions: 0,
  watching: 0,
};

/** The rows of the table in docs/operating.md, with the most calls that each may make. */
const plans: readonly { name: string; plan: Plan; mostCalls: number }[] = [
  { name: 'each reads every 20 minutes', plan: usual, mostCalls: 8_000 },
  { name: '50 watch', plan: { ...usual, watching: 50 }, mostCalls: 8_000 + 3_720 },
  { name: '500 watch', plan: { ...usual, watching: 500 }, mostCalls: 8_000 + 3_720 },
  {
    name: '100 read live, 50 are mentioned in each message',
    plan: { ...usual, present: 100, mentions: 50 },
    mostCalls: 16_000,
  },
];

const ROOM = 'general';
const WATCH_EVERY_SECONDS = 110;

const person = (at: number): Identity => ({ userId: `member ${at}`, name: `member ${at}` });

/** Counts the cost of a busy room's inboxes; the figures are the same on every machine. @throws if too high */
export async function soak({ log }: SoakOptions): Promise<void> {
  for (const { name, plan, mostCalls } of plans) {
    const { calls, asked, roomRows, inboxRows } = await costsOf(plan);
    log(`| ${name} | ${calls} | ${asked} | ${roomRows} | ${inboxRows} |`);
    if (calls > mostCalls) throw new Error(`${name}: ${calls} calls, more than ${mostCalls}`);
  }
}

/** Plays a plan with a room and inboxes over real files, in simulated time. */
export async function costsOf(plan: Plan): Promise<Costs> {
  const folder = await mkdtemp(join(tmpdir(), 'parlor-costs-'));
  const world = new World(folder);
  try {
    for (let at = 0; at < plan.members; at++) say(world, at, []);
    world.rest();
    for (let at = 0; at < plan.present; at++) world.join(ROOM, person(at));
    for (let at = 0; at < plan.members; at++) markRead(world, at);
    world.rest();
    return use(world, plan);
  } finally {
    world.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function use(world: World, plan: Plan): Costs {
  const before = { calls: world.calls, tellings: world.tellings };
  const rows = { room: changesIn(world.room(ROOM)), inbox: changesIn(world.inboxes) };
  for (let second = 0, said = 0; second < plan.seconds; second++) {
    const due = Math.floor((plan.messages * (second + 1)) / plan.seconds);
    for (; said < due; said++) {
      const mentions = mentionedBy(plan, said);
      say(world, said % plan.members, mentions);
      for (let at = 0; at < plan.present; at++) markRead(world, at);
    }
    for (let at = plan.present; at < plan.members; at++) {
      if ((second + at) % plan.readEverySeconds === 0) markRead(world, at);
    }
    if (second % WATCH_EVERY_SECONDS === 0) watch(world, plan.watching);
    for (let part = 0; part < 4; part++) {
      world.pass(250);
      world.arriveAll();
    }
  }
  return {
    calls: world.tellings - before.tellings,
    asked: world.calls - before.calls - (world.tellings - before.tellings),
    roomRows: changesIn(world.room(ROOM)) - rows.room,
    inboxRows: changesIn(world.inboxes) - rows.inbox,
  };
}

/** The members whom message number `said` mentions: all members in turn. */
function mentionedBy({ mentions, members }: Plan, said: number): string[] {
  return Array.from({ length: mentions }, (_, at) => `member ${(said * mentions + at) % members}`);
}

function say(world: World, at: number, mentions: readonly string[]): void {
  world.inRoom(ROOM, person(at), 'message', { message: 'words', mentions });
}

function markRead(world: World, at: number): void {
  world.inRoom(ROOM, person(at), 'markRead', { readUpTo: 1_000_000 });
}

function watch(world: World, count: number): void {
  for (let at = 0; at < count; at++) {
    world.toInbox(person(at), 'watchInbox', { roomIds: [ROOM] });
  }
}

/** The number of rows changed since the database was opened. */
function changesIn({ file }: Pick<World['inboxes'], 'file'>): number {
  return file.all<{ n: number }>('SELECT total_changes() AS n')[0]?.n ?? 0;
}
