import { request } from 'node:http';
import type { Problem } from '../../src/protocol/codes/errors.ts';

export interface Asked {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

export interface Answered {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  /** The body read as JSON. */
  json: () => unknown;
}

/**
 * Sends one HTTP request exactly as given: unlike `fetch`, it can set every header, such as `Host` and
 * `Origin`, and does not normalise the path.
 */
export function ask(url: string, path: string, asked: Asked = {}): Promise<Answered> {
  const { hostname, port } = new URL(url);
  const { method = 'GET', headers = {}, body } = asked;
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: () => JSON.parse(text),
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The problem in an answer's body. */
export function problemOf(answered: Answered): Problem {
  return (answered.json() as { error: Problem }).error;
}
