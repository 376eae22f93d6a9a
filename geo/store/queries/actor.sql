-- name: introduce(account, role, party, communities, grids)!
-- Who acts, until the transaction ends: what row-level security goes by.
SELECT
    set_config('wangge.account', :account, true), set_config('wangge.role', :role, true),
    set_config('wangge.party', :party, true), set_config('wangge.communities', :communities, true),
    set_config('wangge.grids', :grids, true);
