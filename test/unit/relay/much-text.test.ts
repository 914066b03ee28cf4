import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSettings } from '../../../src/settings/settings.ts';
import { Listener } from '../../simulation/relay/listener.ts';
import { World } from '../../simulation/relay/world.ts';

const { limits } = readSettings({ COMMAND_BURST: '1000' }).settings;
const MIB = 1024 * 1024;

describe('much text between a room and a relay', () => {
  let folder: string;
  let world: World;
  let alice: Listener;
  let bob: Listener;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'parlor-text-'));
    world = new World(join(folder, 'room.sqlite'), limits, 2);
    [alice, bob] = [open('alice'), open('bob')];
    world.comeToRest();
  });

  afterEach(() => {
    expect(world.defects).toEqual([]);
    world.close();
    rmSync(folder, { recursive: true });
  });

  function open(userId: string, relay = 0): Listener {
    const listener = new Listener(userId);
    world.relays[relay]!.open({ userId }, {}, listener);
    return listener;
  }

  function ask(listener: Listener, name: string, payload: object, ref = 1): void {
    world.relays[0]!.handle(listener.connection!, { name, payload, ref });
  }

  /** Where the first call under way from a relay is in the list; -1 for none. */
  function callToRoom(): number {
    return world.calls.findIndex(({ to }) => to === world.room);
  }

  /** The refs of the replies to a listener. */
  function refs(listener: Listener): unknown[] {
    return listener.heard('ack');
  }

  function texts(listener: Listener): unknown[] {
    return listener.heard('message').map(({ message }) => message);
  }

  /** Listeners that each send a long message, as one call. @returns them with their texts */
  function speakAtOnce(count: number, length: number): { speakers: Listener[]; said: string[] } {
    const speakers = Array.from({ length: count }, (_, at) => open(`speaker ${at}`));
    world.comeToRest();
    const said = speakers.map(({ userId }) => userId.padEnd(length, '.'));
    ask(alice, 'typing', {});
    for (const [at, speaker] of speakers.entries()) {
      ask(speaker, 'message', { id: `m${at}`, message: said[at] });
    }
    return { speakers, said };
  }

  it('[RELAY1] closes nobody when one listener asks for many long pages at once', () => {
    for (let at = 0; at < 31; at++) {
      const message = `a${'\u0085'.repeat(4_095)}`;
      expect(world.room.post({ userId: 'poster' }, { message })).toMatchObject({ ok: true });
    }
    world.comeToRest();
    const asked = Array.from({ length: 40 }, (_, at) => at);
    for (const ref of asked) ask(alice, 'getHistory', { limit: 100 }, ref);
    world.comeToRest();
    expect([refs(alice), alice.endedWith, bob.endedWith]).toEqual([asked, undefined, undefined]);
    expect(world.longestCall).toBeLessThan(6 * MIB);
  });

  it('[RELAY1] closes nobody when many listeners speak at once', () => {
    const { speakers, said } = speakAtOnce(100, 2_000);
    world.comeToRest();
    expect([bob.endedWith, texts(bob)]).toEqual([undefined, said]);
    for (const [at, speaker] of speakers.entries()) {
      expect([refs(speaker), texts(speaker)]).toEqual([[1], said.toSpliced(at, 1)]);
    }
    expect(world.longestCall).toBeLessThan(6 * MIB);
  });

  it('[RELAY1] stores each message once when the answer that puts some off is lost', () => {
    const { speakers, said } = speakAtOnce(60, 8_000);
    // The call with `typing`, there and back, then the call with the messages.
    for (let ways = 0; ways < 3; ways++) world.advance(callToRoom());
    const answer = world.calls[callToRoom()]!.answer!.value;
    expect(answer).toMatchObject({ undoneFrom: expect.any(Number) });
    world.break(callToRoom());
    world.comeToRest();
    expect(texts(bob)).toEqual(said);
    expect(speakers.map(refs)).toEqual(speakers.map(() => [1]));
  });

  it('[RELAY1] takes a long message after many connections have gone without an event', () => {
    const tabs = Array.from({ length: 700 }, (_, at) => open(`visitor ${at % 100}`));
    world.comeToRest();
    for (const { connection } of tabs.slice(100)) world.relays[0]!.drop(connection!, 'left');
    world.comeToRest();
    ask(alice, 'message', { id: 'm', message: 'x'.repeat(8_000) });
    world.comeToRest();
    expect([refs(alice), texts(bob)]).toEqual([[1], ['x'.repeat(8_000)]]);
  });

  it('[RELAY1] takes a command of each relay when the replies at one of them fill a flush', () => {
    const carol = open('carol', 1);
    const { speakers } = speakAtOnce(60, 4_000);
    // The call with `typing`, there and back.
    for (let ways = 0; ways < 2; ways++) world.advance(callToRoom());
    const payload = { message: 'x'.repeat(8_000) };
    world.relays[1]!.handle(carol.connection!, { name: 'message', payload, ref: 1 });
    const calls = world.calls.filter(({ to }) => to === world.room);
    world.room.turn(() => {
      for (const call of calls) world.advance(world.calls.indexOf(call));
    });
    expect(calls.map(({ answer }) => answer!.value)).toEqual([
      { refused: [], undoneFrom: expect.any(Number) },
      { refused: [] },
    ]);
    world.comeToRest();
    expect(speakers.map(refs)).toEqual(speakers.map(() => [1]));
  });

  it('[RELAY1] asks the room again after a pause when it has put off joins and commands', () => {
    for (let at = 0; at < 1_200; at++) {
      world.room.post({ userId: `poster ${at}` }, { message: 'x'.repeat(8_000) });
    }
    const carol = open('carol');
    ask(alice, 'typing', {});
    const before = world.room.requests;
    for (let ways = 0; ways < 100 && callToRoom() >= 0; ways++) world.advance(callToRoom());
    expect(world.room.requests - before).toBeLessThan(5);
    world.comeToRest();
    expect(carol.heard('joined')).toHaveLength(1);
  });

  it('[WIRE9] takes long commands in as many calls as the size of one requires', () => {
    const asked = Array.from({ length: 300 }, (_, at) => at);
    const junk = '\u20AC'.repeat(60_000);
    for (const ref of asked) ask(alice, 'message', { message: 'short', junk }, ref);
    world.comeToRest();
    expect(refs(alice)).toEqual(asked);
    expect(world.longestRequest).toBeLessThan(10 * MIB);
  });
});
