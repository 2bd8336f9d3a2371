import { useState } from 'preact/hooks';
import { answer, api } from '../api/client.js';
import { useAction } from '../parts/action.js';
import { Text } from '../parts/fields.js';
import { session } from '../session.js';

/** Signs a browser in with a token; the server answers with a cookie that scripts cannot read. */
export function SignInPage() {
  const [token, setToken] = useState('');
  const { busy, note, run } = useAction(async () => {
    session.value = await answer(api.POST('/api/session', { body: { token: token.trim() } }));
  });
  return (
    <main class="sign-in stack">
      <h1>Sign in to snp</h1>
      <p class="quiet">
        The link that <code>snp serve</code> prints when it starts signs you in, once. Later, or from another machine, a
        token does; an administrator makes it.
      </p>
      <form
        class="card stack"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <Text
          label="Token"
          type="password"
          value={token}
          onChange={setToken}
          autoComplete="current-password"
          required
        />
        {note}
        <div>
          <button type="submit" class="primary" disabled={busy || token.trim() === ''}>
            Sign in
          </button>
        </div>
      </form>
    </main>
  );
}
