import { PROTOCOLS } from '@snp/bench';
import { criterionNames, presets } from '@snp/core';
import { about } from '../api/about.js';
import type { App } from '../http/env.js';
import type { Services } from '../services.js';
import { mount } from './mount.js';

/** What this server is and allows. */
export function aboutRoutes(app: App, services: Services, version: string): void {
  const { blobs, settings } = services;
  mount(app, services, about, async (context) => {
    const { uploadBytes, storedBytes, activeJobs, jobSeconds, jobMemoryBytes } = settings;
    const usedBytes = await blobs.usedBytes();
    return context.json(
      {
        version,
        limits: { uploadBytes, storedBytes, usedBytes, activeJobs, jobSeconds, jobMemoryBytes },
        presets: Object.keys(presets),
        criteria: [...criterionNames],
        recoveries: ['none', 'mean', 'ridge', 'full'],
        protocols: Object.keys(PROTOCOLS),
        preprocessing: ['imagenet', 'inception', 'clip', 'cifar10'],
      },
      200,
    );
  });
}
