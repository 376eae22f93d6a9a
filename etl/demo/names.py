"""Words to make names of. Nothing and nobody real is meant."""

import numpy as np

COMPOUND_WORDS = {
    "commodity": (
        (
            "麒麟",
            "丽景",
            "金水",
            "翠屏",
            "碧波",
            "锦绣",
            "御景",
            "云栖",
            "悦江",
            "望江",
            "紫荆",
            "桂语",
            "和悦",
            "天誉",
            "星河",
            "雅居",
            "香樟",
            "东岸",
            "瑞景",
            "晴川",
        ),
        ("花园", "湾", "苑", "名邸", "华府", "雅筑", "半岛", "轩", "新城", "公馆"),
    ),
    "resettlement": (
        ("安和", "幸福", "康乐", "惠民", "福安", "安居", "顺意", "祥和", "民乐", "欣荣"),
        ("家园", "小区", "新苑", "佳苑"),
    ),
    "relocation": (("同心", "思源", "安康", "新风", "同乐", "振兴"), ("家园", "新居", "小区")),
    "urban_village": (("大榕", "莲塘", "上坪", "石岭", "古井", "白沙", "竹根", "鹅岗"), ("村",)),
    "old": (
        (
            "纺织厂",
            "机床厂",
            "轴承厂",
            "木材厂",
            "搪瓷厂",
            "粮食局",
            "供销社",
            "运输公司",
            "五金厂",
            "印刷厂",
        ),
        ("宿舍", "生活区", "老院"),
    ),
}
STREET_WORDS = {
    "arterial": (
        ("麒行", "锦江", "迎宾", "学苑", "长虹", "启明", "双桥", "龙岩", "文昌", "朝阳"),
        ("大道", "路"),
    ),
    "collector": (
        (
            "榕荫",
            "桂香",
            "柳岸",
            "荷塘",
            "建业",
            "工人",
            "丰收",
            "新风",
            "育才",
            "平安",
            "向阳",
            "东升",
            "木棉",
            "紫云",
            "白莲",
            "石桥",
            "南圩",
            "北闸",
            "金鱼",
            "凤凰",
        ),
        ("路", "街"),
    ),
    "lane": (
        (
            "鱼塘",
            "米市",
            "竹器",
            "井头",
            "花圃",
            "窑边",
            "水车",
            "老圩",
            "枫树",
            "蕉林",
            "菜园",
            "银杏",
            "书院",
            "铁匠",
            "榨油",
            "灯芯",
            "豆腐",
            "晒场",
            "学堂",
            "渡口",
            "染布",
            "瓦窑",
            "盐仓",
            "马房",
        ),
        ("巷", "里", "横街"),
    ),
    "rail": (("货运",), ("专线",)),
}
PROPERTY_WORDS = (
    (
        "恒雅",
        "金管家",
        "悦邻",
        "安盛",
        "和诚",
        "家和",
        "美居",
        "嘉泰",
        "润洁",
        "邻里通",
        "锦程",
        "万佳",
        "诚信达",
        "祥瑞",
        "乐居",
        "同创",
        "新家",
        "益民",
        "康洁",
        "盛邦",
        "永安居",
        "佳邻",
    ),
    ("物业服务有限公司",),
)
SURNAMES = tuple("韦黄李陈张刘王梁覃莫周罗杨吴蒙何林蓝邓石廖谢唐农潘赵郑叶龙肖朱徐孙马胡卢江曾")
GIVEN_FIRST = tuple("建国志明秀文丽小海春桂玉家俊雪思子嘉永晓佳美红燕德庆伟")
GIVEN_SECOND = ("", *tuple("华军平芳英兰强珍琴玲生辉梅勇林霞宁波云萍娟涛敏洁"))
SHOP_OWNERS = (
    "阿强",
    "老韦",
    "覃记",
    "黄姐",
    "小莫",
    "三妹",
    "柳江",
    "好邻居",
    "万家",
    "福满",
    "鑫源",
    "百姓",
    "聚香",
    "丰味",
    "红太阳",
    "金榕",
    "华美",
    "佳乐",
    "乐万家",
    "永兴",
    "新时代",
    "东方",
    "春天",
    "益友",
    "榕树下",
)
SHOP_TRADES = {
    # category: (share, words)
    "restaurant": (0.24, ("螺蛳粉", "烧烤店", "快餐", "桂林米粉", "大排档", "饺子馆", "豆浆店", "酸料店")),
    "convenience": (0.17, ("便利店", "超市", "副食店", "烟酒店")),
    "fresh_food": (0.13, ("水果店", "生鲜", "鲜肉铺", "蔬菜行", "水产")),
    "clothing": (0.10, ("服装店", "鞋店", "童装", "裁缝店")),
    "service": (0.13, ("理发店", "干洗店", "家政", "快递驿站", "打印店", "眼镜店")),
    "hardware": (0.07, ("五金店", "建材", "水电维修", "灯具")),
    "pharmacy": (0.05, ("大药房", "诊所")),
    "education": (0.05, ("书法班", "午托班", "舞蹈室", "英语角")),
    "repair": (0.04, ("电动车行", "汽修店", "手机维修")),
    "leisure": (0.02, ("棋牌室", "网咖", "茶庄")),
}


def draw_names(
    words: tuple[tuple[str, ...], tuple[str, ...]], count: int, rng: np.random.Generator
) -> list[str]:
    """Return ``count`` different names, each first word used once before any is used again."""
    firsts, lasts = words
    names: list[str] = []
    while len(names) < count:
        for first in rng.permutation(np.array(firsts)):
            name = f"{first}{lasts[int(rng.integers(len(lasts)))]}"
            if name not in names:
                names.append(name)
        if len(names) < count and len(names) >= len(firsts) * len(lasts):
            names += [f"{first}{last}二" for first in firsts for last in lasts]
    return names[:count]


def draw_people(count: int, rng: np.random.Generator) -> list[str]:
    """Return ``count`` personal names; two people may share one, as people do."""
    family = rng.choice(np.array(SURNAMES), count)
    first = rng.choice(np.array(GIVEN_FIRST), count)
    second = rng.choice(np.array(GIVEN_SECOND), count)
    return [f"{a}{b}{c}" for a, b, c in zip(family, first, second, strict=True)]
