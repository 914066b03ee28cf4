// The conformance suites, against the packed server with its sessions spread over objects.
import { afterAll } from 'vitest';
import { join } from 'node:path';
import { PROJECT } from '../../support/program.ts';
import { conformsTo } from './support/conformance.ts';
import { BRISK } from './support/fixture.ts';
import { installPackage } from './support/package.ts';

const installed = await installPackage();

afterAll(() => installed.remove());

const WORKER = join(PROJECT, 'test/fixtures/socketio-worker/worker.ts');
const OBJECTS = { SESSION: 'FixtureSession', ONE: 'OneObject' };

conformsTo(() => installed.serve(WORKER, OBJECTS, BRISK));
