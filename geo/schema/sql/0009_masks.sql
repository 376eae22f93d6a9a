-- Masks, by the usual practice: 张*, 欧阳**, 138****1234, the last four of an identity number, 桂B·***23, 3栋2单元***室.

-- Numbers typed with a Chinese keyboard are numbers too.
CREATE FUNCTION narrow_digits(words text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN translate(words, '０１２３４５６７８９Ｘｘ－', '0123456789Xx-');

-- The first character and a star for each other, at most two; surnames of two characters whole. Names with a dot in
-- them are no Chinese surname and a given name, however they begin.
CREATE FUNCTION mask_name(name text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN btrim(name) ~ '^(欧阳|太史|端木|上官|司马|东方|独孤|南宫|万俟|闻人|夏侯|诸葛|尉迟|公羊|赫连|澹台|皇甫|宗政|濮阳|公冶|太叔|申屠|公孙|慕容|仲孙|钟离|长孙|宇文|司徒|鲜于|司空|令狐)[^·•・.]{0,2}$'
            THEN left(btrim(name), 2) || repeat('*', greatest(length(btrim(name)) - 2, 1))
        ELSE left(btrim(name), 1) || repeat('*', least(greatest(length(btrim(name)) - 1, 1), 2))
    END;

-- Of a mobile number the first three and the last four, of any other the last four; of a short one nothing.
CREATE FUNCTION mask_phone(phone text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (
        SELECT CASE
            WHEN digits ~ '^1\d{10}$' THEN left(digits, 3) || '****' || right(digits, 4)
            WHEN length(digits) > 6 THEN repeat('*', least(length(digits) - 4, 8)) || right(digits, 4)
            ELSE repeat('*', length(digits))
        END
        FROM (SELECT regexp_replace(regexp_replace(narrow_digits(phone), '^\s*(\+|00)\s*86', ''), '\D', '', 'g') AS digits) AS d);

-- Numbers that name a person, wherever they stand in a sentence: identity and bank numbers, telephones, plates, rooms,
-- mail addresses.
CREATE FUNCTION mask_words(words text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN words ~ '[0-9０-９@＠]' THEN
        regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
            narrow_digits(words),
            -- Identity and bank numbers, however they are grouped; those of 15 digits are from before 1999.
            '(?<![0-9])[0-9](?:[ -]?[0-9]){10,14}[ -]?((?:[0-9][ -]?){3}[0-9Xx])(?![0-9Xx])', '**************\1', 'g'),
            '(?<![0-9])(1[3-9][0-9])[ -]?[0-9]{4}[ -]?([0-9]{4})(?![0-9])', '\1****\2', 'g'),
            -- 86 before it makes no other number of it.
            '(?<![0-9])(\+?86[ -]?)(1[3-9][0-9])[ -]?[0-9]{4}[ -]?([0-9]{4})(?![0-9])', '\1\2****\3', 'g'),
            '(?<![0-9])0[0-9]{2,3}[) -]{0,2}[0-9]{3,4}[ -]?([0-9]{4})(?![0-9])', '****\1', 'g'),
            '([京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Za-z])[·•・. -]?[A-Za-z0-9]{3,4}([A-Za-z0-9]{2}|[A-Za-z0-9][挂学警港澳使领])(?![A-Za-z0-9])', '\1·***\2', 'g'),
            '(?<![0-9])[0-9]{3,4}( ?[室房])', '***\1', 'g'),
            '((?:单元|栋|幢|座|号楼|[0-9][-－][0-9]{1,2})[ -]?)[0-9]{3,4}(?![0-9年月日号栋幢])', '\1***', 'g'),
            '[A-Za-z0-9._%+-]+[@＠]([A-Za-z0-9.-]+)', '***@\1', 'g')
        ELSE words END;

-- People named by surname and title, or after "contact:", for readers outside: 某女士.
CREATE FUNCTION mask_people(words text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN regexp_replace(regexp_replace(words,
        '((?:联系人|诉求人|投诉人|来电人|反映人|举报人|报修人|当事人|住户|业主|居民|租户|房东|户主|姓名)(?:是|为|[:： ])\s*)[一-鿿·]{2,10}', '\1**', 'g'),
        '(?:欧阳|上官|司马|诸葛|皇甫|司徒|令狐|[王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文覃韦蓝莫农])[一-鿿]{0,2}?(先生|女士|小姐|阿姨|叔叔|大爷|大妈|大叔|大姐|大哥|奶奶|爷爷|婆婆|老人|老太|师傅|同志|老师|医生)', '某\1', 'g');
