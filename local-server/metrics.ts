import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { QuestionOutcome } from '../src/hooks/before-message.ts';
import type { HookSummary } from '../src/hooks/hook.ts';
import { FileCounts } from '../src/observability/file-counts.ts';
import { RoomCounts } from '../src/observability/room-counts.ts';
import {
  Counter,
  counterText,
  gaugeText,
  Histogram,
  histogramText,
  SECONDS,
} from '../src/observability/metrics.ts';
import { refusalResponse } from '../src/transports/http/app.ts';
import { bearerIn } from '../src/auth/credentials.ts';
import { OriginPolicy } from '../src/auth/origin.ts';
import { Refusal } from '../src/protocol/codes/errors.ts';

/** How often the process notes how late its timers are, in milliseconds. */
const LOOP_TICK_MS = 20;

/** Gauges, read at scrape time. */
export interface Gauges {
  connections(): number;
  inboxConnections(): number;
  awake(): number;
  openFiles(): number;
  sockets(): { native: number; socketIo: number };
  pendingHandshakes: { count: number; dropped: number };
  /** The status of the outgoing webhook; undefined if none is set up. */
  webhook: HookSummary | undefined;
}

/** Everything that the node host counts. */
export class NodeMetrics extends RoomCounts {
  readonly files = new FileCounts();
  readonly requests = new Counter();
  readonly requestSeconds = new Histogram(SECONDS);
  readonly commitSeconds = new Histogram(SECONDS);
  readonly waitSeconds = new Histogram(SECONDS);
  /** Attempts at pushes to browsers, by outcome. */
  readonly pushes = new Counter();
  /** Questions to the backend before texts are stored, by how long they took. */
  readonly questionSeconds = new Histogram(SECONDS);
  readonly #loop = monitorEventLoopDelay({ resolution: LOOP_TICK_MS });

  constructor() {
    super();
    this.#loop.enable();
  }

  /** Counts a flush: how long storing and handing out took, and how long its first command has waited. */
  stored(commitMs: number, waitedMs: number): void {
    this.commitSeconds.observe(commitMs / 1_000);
    this.waitSeconds.observe(waitedMs / 1_000);
  }

  pushed(outcome: string): void {
    this.pushes.add(outcome);
  }

  override asked(outcome: QuestionOutcome, ms: number): void {
    super.asked(outcome, ms);
    if (outcome !== 'skipped' && outcome !== 'busy') this.questionSeconds.observe(ms / 1_000);
  }

  /** Counts an HTTP request when it ends; the time of one that follows a room says nothing about speed. */
  watch(request: IncomingMessage, response: ServerResponse): void {
    const startedAt = performance.now();
    const isFollowing = /^\/(?:rooms\/[^/]+|inbox)\/events/.test(request.url ?? '');
    response.once('close', () => {
      this.requests.add(`${Math.floor(response.statusCode / 100)}xx`);
      if (!isFollowing) this.requestSeconds.observe((performance.now() - startedAt) / 1_000);
    });
  }

  close(): void {
    this.#loop.disable();
  }

  /** In Prometheus' text format. */
  text(gauges: Gauges): string {
    return [
      ...openNow(gauges),
      ...this.#roomTexts(),
      ...this.#fileTexts(),
      ...this.#durationTexts(),
      ...this.#processTexts(),
    ].join('');
  }

  /** What rooms have done. */
  #roomTexts(): string[] {
    return [
      counterText(
        { name: 'parlor_room_wakeups_total', help: 'Rooms brought into memory.' },
        this.wakeups,
      ),
      counterText(
        { name: 'parlor_commands_total', help: 'Commands done, over any transport.' },
        this.commands,
        'command',
      ),
      counterOf('parlor_messages_total', 'Messages taken.', this.commands.of('message')),
      counterText(
        { name: 'parlor_refusals_total', help: 'Refusals, by their code.' },
        this.refusals,
        'code',
      ),
      counterOf('parlor_deliveries_total', 'Frames handed to connections.', this.flushes.sum),
      counterText(
        { name: 'parlor_delivered_lines_total', help: 'Replies and events in those frames.' },
        this.lines,
      ),
      counterText(
        {
          name: 'parlor_outside_attempts_total',
          help: 'Attempts at deliveries to targets outside, by outcome.',
        },
        this.attempts,
        'outcome',
      ),
      counterText(
        { name: 'parlor_pushes_total', help: 'Attempts at pushes to browsers, by outcome.' },
        this.pushes,
        'outcome',
      ),
      counterText(
        {
          name: 'parlor_before_message_total',
          help: 'Questions to the backend before texts are stored, by outcome.',
        },
        this.questions,
        'outcome',
      ),
      histogramText(
        { name: 'parlor_flush_frames', help: 'Frames that left in one flush.' },
        this.flushes,
      ),
      histogramText(
        {
          name: 'parlor_resume_messages',
          help: 'Missed messages given to a client that came back.',
        },
        this.resumes,
      ),
    ];
  }

  #fileTexts(): string[] {
    const { events, bytes } = this.files;
    return [
      counterText(
        { name: 'parlor_files_total', help: 'Files stored, failed, read and deleted.' },
        events,
        'event',
      ),
      counterText(
        { name: 'parlor_file_bytes_total', help: 'Bytes of the files that were stored.' },
        bytes,
      ),
    ];
  }

  #durationTexts(): string[] {
    return [
      histogramText(
        { name: 'parlor_commit_seconds', help: 'Storing and handing out one flush.' },
        this.commitSeconds,
      ),
      histogramText(
        { name: 'parlor_wait_seconds', help: 'From the first command of a flush to its reply.' },
        this.waitSeconds,
      ),
      histogramText(
        { name: 'parlor_before_message_seconds', help: 'Answers to those questions.' },
        this.questionSeconds,
      ),
      counterText(
        { name: 'parlor_http_requests_total', help: 'HTTP requests, by class of status.' },
        this.requests,
        'status',
      ),
      histogramText(
        { name: 'parlor_http_request_seconds', help: 'HTTP requests, but for streams and polls.' },
        this.requestSeconds,
      ),
    ];
  }

  #processTexts(): string[] {
    const { rss, heapUsed } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    return [
      gauge(
        'parlor_event_loop_delay_seconds',
        'How late a timer has been at most since the last scrape.',
        this.#longestDelayMs() / 1_000,
      ),
      gauge('process_resident_memory_bytes', 'Memory that the process holds.', rss),
      gauge('parlor_heap_used_bytes', 'Memory that JavaScript uses.', heapUsed),
      counterOf('process_cpu_seconds_total', 'Processor time.', (user + system) / 1e6),
      gauge(
        'process_start_time_seconds',
        'When it started.',
        Date.now() / 1_000 - process.uptime(),
      ),
    ];
  }

  /** Since it was last called. What is recorded is the time from one tick to the next. */
  #longestDelayMs(): number {
    const longestMs = this.#loop.max / 1e6;
    this.#loop.reset();
    return Math.max(0, longestMs - LOOP_TICK_MS);
  }
}

/** What is open or in memory now. */
function openNow(gauges: Gauges): string[] {
  const sockets = gauges.sockets();
  return [
    gauge('parlor_connections', 'Connections to rooms.', gauges.connections()),
    gauge('parlor_inbox_connections', 'Connections to inboxes.', gauges.inboxConnections()),
    gauge('parlor_native_sockets', 'Open native WebSockets.', sockets.native),
    gauge('parlor_socketio_sockets', 'Open Socket.IO sessions.', sockets.socketIo),
    gauge(
      'parlor_unauthenticated_sockets',
      'Connections and sessions that have not authenticated yet.',
      gauges.pendingHandshakes.count,
    ),
    counterOf(
      'parlor_unauthenticated_sockets_dropped_total',
      'Unauthenticated ones that were dropped because there were too many.',
      gauges.pendingHandshakes.dropped,
    ),
    gauge('parlor_rooms_awake', 'Rooms in memory.', gauges.awake()),
    gauge('parlor_rooms_open_files', 'Rooms whose file is open.', gauges.openFiles()),
    ...webhookNow(gauges),
  ];
}

function webhookNow({ webhook }: Gauges): string[] {
  if (webhook === undefined) return [];
  const { failing, stopped } = webhook;
  return [
    gauge('parlor_webhook_failing_rooms', 'Rooms whose webhook requests fail.', failing),
    gauge(
      'parlor_webhook_stopped',
      '1 when the backend has answered 410, until the settings change.',
      stopped ? 1 : 0,
    ),
  ];
}

function gauge(name: string, help: string, value: number): string {
  return gaugeText({ name, help }, value);
}

/** A counter whose value is kept elsewhere. */
function counterOf(name: string, help: string, value: number): string {
  const counter = new Counter();
  counter.add('', value);
  return counterText({ name, help }, counter);
}

/** Answers `GET /metrics` to requests with `METRICS_TOKEN`; if that is not set, to this machine only. */
export async function serveMetrics(
  request: IncomingMessage,
  response: ServerResponse,
  token: string | undefined,
  text: () => Promise<string>,
): Promise<void> {
  response.setHeader('cache-control', 'no-store');
  const why = refusalFor(request, token);
  if (why !== undefined) {
    const [body, status] = refusalResponse(why.problem);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    return;
  }
  const body = await text();
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
  response.end(body);
}

export function isForMetrics(request: IncomingMessage): boolean {
  return /^\/metrics(\?|$)/.test(request.url ?? '') && request.method === 'GET';
}

function refusalFor(request: IncomingMessage, token: string | undefined): Refusal | undefined {
  if (token === undefined) {
    return isFromThisMachine(request)
      ? undefined
      : new Refusal('forbidden', 'Metrics are for this machine; set METRICS_TOKEN to read them.');
  }
  const given = bearerIn(request.headers.authorization) ?? '';
  return isSame(given, token)
    ? undefined
    : new Refusal('unauthorized', 'Send METRICS_TOKEN as a bearer token to read metrics.');
}

/** Headers that a proxy adds. If it runs on this machine, its requests come from this machine's address. */
const FORWARDED = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'];
const THIS_MACHINE = new OriginPolicy({ localOnly: true });

function isFromThisMachine({ socket, headers }: IncomingMessage): boolean {
  const address = socket.remoteAddress?.replace(/^::ffff:/, '') ?? '';
  const isLoopback = address === '::1' || address.startsWith('127.');
  const isForwarded = FORWARDED.some((name) => headers[name] !== undefined);
  return isLoopback && !isForwarded && THIS_MACHINE.allowsHost(headers.host ?? '');
}

/** Compares in a time that does not depend on how much is the same. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
