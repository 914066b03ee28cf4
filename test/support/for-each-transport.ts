import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Reply } from '../../src/protocol/commands.ts';
import { transportsOf } from './transports.ts';
import { type Host, type HostKey, startHost, type TestSettings } from './hosts.ts';
import { type Claims, tokenFor } from './tokens.ts';
import { type Transport, type Joining, ok, type Visitor, type Who } from './visitor.ts';

/** The hosts of one test file, running from its first test to its last. */
export type Hosts = Readonly<Record<HostKey, Host>>;

export interface HostsOptions {
  /** An application of its own, from the project's root. */
  app?: string;
  /** Runs once more where relays hold every socket: for what these could do wrong. */
  atRelays?: boolean;
}

/** Starts the hosts for a file, and holds afterwards that nothing has failed inside them. */
export function useHosts(
  settings: TestSettings = {},
  { atRelays, ...options }: HostsOptions = {},
): Hosts {
  const hosts: Partial<Record<HostKey, Host>> = {};
  const needed = new Set(transportsOf(atRelays).map(({ host }) => host));
  beforeAll(async () => {
    await Promise.all(
      [...needed].map(async (name) => {
        hosts[name] = await startHost[name](settings, options);
      }),
    );
  });
  afterAll(async () => {
    const running = Object.values(hosts);
    await Promise.all(running.map((host) => host.close()));
    expect(running.flatMap(({ name, failures }) => failures.map((line) => [name, line]))).toEqual(
      [],
    );
  });
  return hosts as Hosts;
}

/** A transport that stands open. */
export interface OpenTransport extends Omit<Transport, 'host' | 'visit'> {
  readonly host: Host;
  /** A visitor who has not connected yet. */
  visit(who: Who): Visitor;
  /** A signed-in visitor in a room; `claims` are what their token says beyond who they are. */
  enter(userId: string, roomId: string, joining?: Joining, claims?: Claims): Promise<Entered>;
}

export interface Entered {
  visitor: Visitor;
  joined: Reply<'joinRoom'>;
}

/** Tells stories at every transport of every host, on hosts of this file's own. */
export function forEachTransport(
  tell: (transport: OpenTransport) => void,
  settings: TestSettings = {},
  options: HostsOptions = {},
): void {
  const hosts = useHosts(settings, options);
  describe.concurrent.each(transportsOf(options.atRelays))('at $name', (transport) => {
    tell(open(transport, hosts));
  });
}

/** Tells stories at every transport, and once more where relays hold every socket. */
export function forEachTransportAndRelays(tell: (transport: OpenTransport) => void): void {
  forEachTransport(tell, {}, { atRelays: true });
}

/** The same story at one transport, or every one in turn. */
export function open(transport: Transport, hosts: Hosts): OpenTransport {
  const visit = (who: Who) => transport.visit(hosts[transport.host].url, who);
  return {
    name: transport.name,
    socketHolds: transport.socketHolds,
    get host() {
      return hosts[transport.host];
    },
    visit,
    async enter(userId, roomId, joining, claims) {
      const visitor = visit({ token: await tokenFor(userId, claims) });
      return { visitor, joined: ok(await visitor.join(roomId, joining)) };
    },
  };
}

/**
 * Lives through steps that must follow each other within `ms` milliseconds, counted from where they
 * call `start`. Where a busy machine took longer they prove nothing, and are lived through again.
 */
export async function within<T>(ms: number, steps: (start: () => void) => Promise<T>): Promise<T> {
  for (let attempt = 0; attempt < 5; attempt++) {
    let from = 0;
    const lived = await steps(() => {
      from = performance.now();
    });
    if (performance.now() - from < ms) return lived;
  }
  throw new Error(`This machine is too busy: five times these steps took longer than ${ms} ms.`);
}

/** A room that no other test uses. */
export function newRoom(name = 'room'): string {
  return `${name}-${crypto.randomUUID()}`;
}

/**
 * Proves what did not come: says something aloud and waits until each listener has heard it. What
 * was sent to them before stands before it in their streams.
 */
export async function barrier(
  roomId: string,
  speaker: Visitor,
  listeners: Visitor[],
): Promise<void> {
  const { message } = ok(await speaker.command('message', { roomId, message: 'barrier' }));
  await Promise.all(
    listeners.map((listener) => listener.hears('message', ({ seq }) => seq === message.seq)),
  );
}
