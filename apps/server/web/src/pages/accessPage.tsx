import { useState } from 'preact/hooks';
import { answer, api } from '../api/client.js';
import { useResource } from '../api/resource.js';
import type { Token } from '../api/types.js';
import { Confirm, useAction } from '../parts/action.js';
import { Select, Text } from '../parts/fields.js';
import { Page } from '../parts/page.js';
import { Await } from '../parts/states.js';
import { When } from '../parts/tags.js';

type Role = Token['role'];

const ROLES: readonly { value: Role; label: string }[] = [
  { value: 'read', label: 'read: looks' },
  { value: 'run', label: 'run: also uploads and starts work' },
  { value: 'device', label: 'device: an agent that measures' },
  { value: 'admin', label: 'admin: everything' },
];

/** Who may do what, and who did what: for administrators. */
export function AccessPage() {
  const tokens = useResource(() => answer(api.GET('/api/tokens')), []);
  const audit = useResource(() => answer(api.GET('/api/audit', { params: { query: { limit: 100 } } })), []);
  const changed = () => {
    tokens.reload();
    audit.reload();
  };
  return (
    <Page title="Access">
      <div class="stack wide">
        <section class="stack" aria-labelledby="tokens">
          <h2 id="tokens">Tokens</h2>
          <NewToken onMade={changed} />
          <Await of={tokens}>{({ items }) => <TokenTable tokens={items} onChange={changed} />}</Await>
        </section>
        <section class="stack" aria-labelledby="audit">
          <h2 id="audit">Who did what</h2>
          <Await of={audit}>{({ items }) => <AuditTable entries={items} />}</Await>
        </section>
      </div>
    </Page>
  );
}

function NewToken({ onMade }: { onMade: () => void }) {
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('run');
  const [days, setDays] = useState('');
  const [secret, setSecret] = useState<string>();
  const make = useAction(async () => {
    const body = { name: name.trim(), role, ...(days && { days: Number(days) }) };
    const made = await answer(api.POST('/api/tokens', { body }));
    setSecret('secret' in made ? made.secret : undefined);
    setName('');
    onMade();
  });
  return (
    <form
      class="card stack"
      aria-label="New token"
      onSubmit={(event) => {
        event.preventDefault();
        void make.run();
      }}
    >
      <div class="filters">
        <Text label="For whom or what" value={name} onChange={setName} required placeholder="bench-rack-3" />
        <Select label="Role" value={role} onChange={(value) => setRole(value as Role)} options={ROLES} />
        <Text label="Days until it expires" type="number" min={1} value={days} onChange={setDays} placeholder="never" />
      </div>
      {make.note}
      <div>
        <button type="submit" class="primary" disabled={make.busy || name.trim() === ''}>
          Make a token
        </button>
      </div>
      {secret && (
        <div class="note" role="status">
          <p>Copy it now: it is shown here once, and kept nowhere.</p>
          <p>
            <code class="wrap">{secret}</code>
          </p>
        </div>
      )}
    </form>
  );
}

function TokenTable({ tokens, onChange }: { tokens: readonly Token[]; onChange: () => void }) {
  return (
    <div class="card">
      <table class="folding">
        <caption class="visually-hidden">Tokens</caption>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Role</th>
            <th scope="col">Made</th>
            <th scope="col">Used</th>
            <th scope="col">Expires</th>
            <th scope="col">
              <span class="visually-hidden">Revoke</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {tokens.map(({ id, name, role, created, used, expires }) => (
            <tr key={id}>
              <th scope="row" class="wrap">
                {name}
              </th>
              <td data-label="Role">{role}</td>
              <td data-label="Made">
                <When time={created} />
              </td>
              <td data-label="Used">{used ? <When time={used} /> : 'never'}</td>
              <td data-label="Expires">{expires ? <When time={expires} /> : 'never'}</td>
              <td>
                <Confirm
                  question={`Revoke ${name}? Browsers that it signed in are signed out.`}
                  onConfirm={async () => {
                    await answer(api.DELETE('/api/tokens/{id}', { params: { path: { id } } }));
                    onChange();
                  }}
                >
                  Revoke
                </Confirm>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface AuditEntry {
  at: string;
  token: string | null;
  action: string;
  subject: string | null;
  status: number;
  address: string;
}

function AuditTable({ entries }: { entries: readonly AuditEntry[] }) {
  return (
    <div class="card">
      <table class="folding">
        <caption class="visually-hidden">What was done, newest first</caption>
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Token</th>
            <th scope="col">What</th>
            <th scope="col">Subject</th>
            <th scope="col">Answer</th>
            <th scope="col">From</th>
          </tr>
        </thead>
        <tbody>
          {entries.map(({ at, token, action, subject, status, address }) => (
            <tr key={`${at} ${action} ${subject}`}>
              <td data-label="When">
                <When time={at} />
              </td>
              <td data-label="Token">{token ?? 'nobody'}</td>
              <td data-label="What">{action}</td>
              <td class="mono wrap small" data-label="Subject">
                {subject ?? '–'}
              </td>
              <td data-label="Answer">{status}</td>
              <td class="mono small" data-label="From">
                {address}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
