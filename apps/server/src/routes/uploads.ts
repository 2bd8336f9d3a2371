import { deleteUpload, getUpload, putUpload } from '../api/uploads.js';
import { type App, identityOf } from '../http/env.js';
import type { Services } from '../services.js';
import { mount } from './mount.js';

/** Routes for files on their way in. */
export function uploadRoutes(app: App, services: Services): void {
  const { uploads, metrics } = services;

  mount(app, services, putUpload, async (context) => {
    const { id } = context.req.valid('param');
    const headers = context.req.valid('header');
    const part = {
      id,
      token: identityOf(context).token,
      length: headers['upload-length'],
      offset: headers['upload-offset'],
      sha256: headers['upload-sha256'],
    };
    // The stream as it comes from the socket: what is not written yet is not read yet.
    const upload = await uploads.put(part, context.env.incoming);
    metrics.received(Math.max(0, upload.offset - part.offset));
    return context.json(upload, 200);
  });

  mount(app, services, getUpload, async (context) =>
    context.json(await uploads.get(context.req.valid('param').id, identityOf(context).token), 200),
  );

  mount(app, services, deleteUpload, async (context) => {
    const { token, role } = identityOf(context);
    await uploads.remove(context.req.valid('param').id, role === 'admin' ? undefined : token);
    return context.body(null, 204);
  });
}
