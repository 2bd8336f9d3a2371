import { execFileSync, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { temporaryFolder } from './server.js';

/** Where nginx is, if it is. */
export const NGINX = ['/usr/sbin/nginx', '/usr/bin/nginx', '/usr/local/bin/nginx'].find((place) => existsSync(place));

/** Says why nothing is tried behind a proxy. */
export function explainNoProxy(): void {
  if (!NGINX) console.info('Nothing is tried behind a reverse proxy: no nginx was found. Install one.');
}

/** nginx with TLS before servers: each has its path, and where a request for it goes (`proxy_pass`). */
export async function startNginx(port: number, places: Readonly<Record<string, string>>): Promise<() => void> {
  const folder = temporaryFolder();
  const key = join(folder, 'key.pem');
  const certificate = join(folder, 'certificate.pem');
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const keys = ['-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate];
  execFileSync('openssl', ['req', '-x509', '-days', '2', ...subject, ...keys], { stdio: 'pipe' });
  const locations = Object.entries(places).map(
    ([path, to]) => `location ${path} { proxy_pass ${to}; proxy_set_header Host $http_host; proxy_buffering off; }`,
  );
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder};`);
  const configuration = join(folder, 'nginx.conf');
  writeFileSync(
    configuration,
    `daemon off; master_process off; pid ${join(folder, 'pid')}; error_log ${join(folder, 'error.log')};
    events {}
    http {
      access_log off; ${temporary.join(' ')} client_max_body_size 0; proxy_http_version 1.1;
      server {
        listen 127.0.0.1:${port} ssl; ssl_certificate ${certificate}; ssl_certificate_key ${key};
        ${locations.join('\n')}
      }
    }`,
  );
  const nginx = spawn(NGINX!, ['-c', configuration, '-e', join(folder, 'error.log')], { stdio: 'inherit' });
  await setTimeout(500);
  if (nginx.exitCode !== null) throw new Error(`nginx ended with ${nginx.exitCode}`);
  return () => nginx.kill();
}
