-- name: introduce(account, role, party, communities, grids, is_read_only)!
-- Who acts, until the transaction ends: what row-level security goes by.
SELECT
    set_config('wangge.account', :account, true), set_config('wangge.role', :role, true),
    set_config('wangge.party', :party, true), set_config('wangge.communities', :communities, true),
    set_config('wangge.grids', :grids, true), set_config('transaction_read_only', :is_read_only, true);
