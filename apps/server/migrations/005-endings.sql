-- Whoever is connected with a token, or a browser that it signed in, is cut off when that ends.
create function snp.tell_end() returns trigger language plpgsql as $$
begin
  if tg_table_name = 'tokens' then
    perform pg_notify('snp_ended', 'token ' || old.id);
  else
    perform pg_notify('snp_ended', 'session ' || encode(old.hash, 'hex'));
  end if;
  return null;
end $$;
create trigger tell after delete on snp.tokens for each row execute function snp.tell_end();
create trigger tell after delete on snp.sessions for each row when (not old.once) execute function snp.tell_end();
