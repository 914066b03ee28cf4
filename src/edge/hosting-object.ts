import { DurableObject } from 'cloudflare:workers';
import type { Carry } from '../host/courier.ts';
import { FlushScheduler } from '../host/flush-scheduler.ts';
import {
  type FlushReport,
  type Hosted,
  HostedObject,
  type OwnPorts,
} from '../host/hosted-object.ts';
import { consoleLogger } from '../observability/console-logger.ts';
import type { Fields } from '../observability/logger.ts';
import { Refusal } from '../protocol/codes/errors.ts';
import type { Ports } from '../room/ports.ts';
import { readSettings } from '../settings/settings.ts';
import { systemClock } from '../socketio-server/clock.ts';
import type { Environment } from './environment.ts';
import { ObjectSql } from './object-sql.ts';
import { ObjectWakeup } from './object-wakeup.ts';

/** Time until an object that could not be opened is woken again, in milliseconds. */
const WAKE_AGAIN_MS = 600_000;

/** Where an object counts its flushes. */
export interface ObjectReport {
  /**
   * Counts a flush that is over. Writes a log line when one is due.
   * @param waitedMs since the first command of the flush arrived; undefined if nothing was handed out
   */
  flushedFor(connections: number, now: number, waitedMs: number | undefined): void;
}

/** A Durable Object's connections. */
export interface ObjectConnections {
  readonly size: number;
  /** Closes every connection with 4000. */
  closeAll(): void;
}

/** The ports that every Durable Object gives the object that it hosts. */
export type ObjectPorts = OwnPorts & Pick<Ports, 'sql' | 'clock' | 'ids' | 'wakeup' | 'log'>;

/**
 * A Durable Object that hosts a room, a relay, an inbox or a webhook. Each turn that writes is a
 * commit of its own, so commands wait for the next flush: a busy object makes one commit of many
 * commands, and one frame for each connection.
 */
export abstract class HostingObject<O extends Hosted> extends DurableObject<Environment> {
  /** Identifies one life of the Durable Object. */
  readonly instance: string = crypto.randomUUID();
  protected readonly settings = readSettings(this.env).settings;
  protected readonly log = consoleLogger(this.settings).about(this.about);
  protected abstract readonly report: ObjectReport;
  readonly #scheduler = new FlushScheduler(systemClock, this.settings.limits.batchDelayMs);
  #flushTimer: ReturnType<typeof setTimeout> | undefined;

  /** The output gate serves as its commit, and resets this object when that fails. */
  protected readonly hosted = new HostedObject<O>({
    make: (own) => this.make(this.#ports(own)),
    clock: systemClock,
    after: (ms, work) => systemClock.after(ms, work),
    // A quiet object flushes at once; a busy one waits for the commands that come soon.
    schedule: () => {
      const delayMs = this.#scheduler.delayMs(this.connections.size);
      if (delayMs > 0) this.#flushTimer ??= setTimeout(() => this.hosted.flush(), delayMs);
      else this.hosted.flush();
    },
    flushed: (flush) => {
      if (this.#flushTimer !== undefined) clearTimeout(this.#flushTimer);
      this.#flushTimer = undefined;
      this.flushed?.();
      if (flush.hasHandedOut) this.#handedOut(flush);
      else this.report.flushedFor(this.connections.size, flush.startedAt, undefined);
    },
    reset: () => this.closeAll(),
    ...(this.carry !== undefined && {
      carry: (target, deliveries) => this.carry!(target, deliveries),
      carryMs: this.carryMs,
    }),
    log: this.log,
    maxQueued: this.settings.limits.unsentBytes,
  });

  protected abstract readonly connections: ObjectConnections;
  protected abstract make(ports: ObjectPorts): O;
  /** Called when all storage was dropped and the hosted object has stored its new beginning. */
  protected erased?(): void;
  /** Called after a flush: what was decided has left, or leaves with this turn. */
  protected flushed?: (() => void) | undefined;
  /** Carries deliveries to a target; undefined for an object that never has any. */
  protected carry?(...attempt: Parameters<Carry>): ReturnType<Carry>;

  /** How long one `carry` may take, in milliseconds; undefined for the courier's default. */
  protected get carryMs(): number | undefined {
    return undefined;
  }

  /** Fields of every log line. Durable Objects are named after their rooms. */
  protected get about(): Fields {
    return { room: this.ctx.id.name };
  }

  /**
   * Wakes the hosted object. If it cannot be opened, the alarm is set again, because the platform
   * gives up after six tries.
   */
  override async alarm(): Promise<void> {
    try {
      await this.hosted.run((object) => object.wake());
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      void this.ctx.storage.setAlarm(Date.now() + WAKE_AGAIN_MS);
    }
  }

  /** Closes every connection with 4000. */
  protected closeAll(): void {
    this.connections.closeAll();
  }

  #handedOut({ startedAt, dueSince, works }: FlushReport): void {
    this.#scheduler.flushes();
    // An object's clock stands still within a turn: only the next turn can tell how long this one took.
    setTimeout(() => {
      const now = Date.now();
      this.#scheduler.flushed(now - startedAt, works);
      this.report.flushedFor(this.connections.size, now, now - dueSince);
    }, 0);
  }

  #ports(own: OwnPorts): ObjectPorts {
    return {
      ...own,
      sql: new ObjectSql(this.ctx.storage, () => this.erased?.()),
      clock: systemClock,
      ids: { make: () => crypto.randomUUID() },
      wakeup: new ObjectWakeup(this.ctx.storage),
      log: this.log,
    };
  }
}
