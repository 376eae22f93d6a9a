"""What a pasted chat message is guessed to be: its category among the first two, and its place."""

import csv
import time
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.model.gazetteer import BuildingName, CompoundName, Gazetteer
from geo.rules.chat import clean_message
from geo.rules.guessing import Guess, guess_case
from geo.rules.keywords import guess_categories

with (files("geo.schema") / "seed" / "category.csv").open(encoding="utf-8") as seed:
    CODES = frozenset(row["code"] for row in csv.DictReader(seed) if row["parent_code"])

QILIN, JINSHUI, VILLAGE, ANHE = range(1, 5)
GAZETTEER = Gazetteer(
    compounds=(
        CompoundName(QILIN, "麒麟花园", ("老糖厂",)),
        CompoundName(JINSHUI, "金水苑"),
        CompoundName(VILLAGE, "大榕村"),
        CompoundName(ANHE, "安和小区", ("安和",)),
    ),
    buildings=(
        BuildingName(11, QILIN, "麒麟花园3栋"),
        BuildingName(12, QILIN, "麒麟花园5栋"),
        BuildingName(21, JINSHUI, "金水苑12栋"),
        BuildingName(22, JINSHUI, "金水苑5栋"),
        BuildingName(31, VILLAGE, "大榕村8号"),
        BuildingName(41, ANHE, "安和小区1栋"),
        BuildingName(91, None, "农贸市场"),
        BuildingName(92, None, "幼儿园"),
    ),
)


def guess(message: str) -> Guess:
    return guess_case(message, GAZETTEER, CODES)


# Written before the words were chosen, or to see what the words would miss.
MESSAGES = [
    ("E101", "3栋楼下又有人乱扔垃圾，一地都是，麻烦派人清理一下"),
    ("E101", "公园边上那块空地好大一堆垃圾，好几天没人清"),
    ("E102", "5栋旁边垃圾桶满了两天了没人收，臭死了"),
    ("E103", "2单元门口堆了好多装修垃圾，砖头水泥都有，走路都不方便"),
    ("E104", "楼道里脏得不行，几个月没人打扫了"),
    ("E105", "分类垃圾桶里什么都混投，根本没有分类"),
    ("E106", "不知道谁把旧沙发和床垫丢在单元门口，一个星期了"),
    ("E107", "地下车库好多老鼠，昨晚还看到一只死猫，能不能安排消杀"),
    ("E201", "覃记螺蛳粉又把桌椅摆到人行道上了，行人只能走马路"),
    ("E202", "校门口一到放学就有流动摊贩占道，堵得不行"),
    ("E203", "电梯里楼道里全是小广告，撕都撕不完"),
    ("E204", "楼下超市新装的广告牌太亮了，晚上晃眼睛，而且好像没审批"),
    ("E205", "一楼饭店的油烟直接往居民楼排，窗户都不敢开"),
    ("E206", "在小区门口那家快餐店吃坏肚子了，他们后厨苍蝇到处飞"),
    ("E207", "门口绿化带旁边有人乱堆杂物，还拉绳晾衣服，难看死了"),
    ("E301", "一辆白色小车停在路中间，堵住了都出不去，麻烦联系挪车 桂B12345"),
    ("E302", "小区门口共享单车乱停，把人行道都占了"),
    ("E303", "我的车位又被外来车占了，物业说管不了，还一直在涨停车费"),
    ("E304", "3号车位有人私自装了地锁，公共车位凭什么"),
    ("E305", "南门这台面包车停了半年没动了，轮胎都瘪了，是僵尸车吧"),
    ("E401", "消防通道又被堵了！！消防车进不来出了事谁负责"),
    ("E402", "4楼走廊堆满纸箱和鞋柜，过都过不去"),
    ("E403", "@网格员小李 我们这栋有人从5楼拉线下来给电动车充电，太危险了"),
    ("E403", "楼上又有人把电瓶拿回家充电，万一着起来怎么办"),
    ("E404", "12楼的灭火器都过期了，消火栓也没有水"),
    ("E405", "出租屋电线乱拉，电线裸露在外面，看着就吓人"),
    ("E406", "楼道里有很重的煤气味，快来人看看"),
    ("E501", "顶楼那户又在天台搭阳光房，昨天材料都吊上去了"),
    ("E502", "我们楼外墙瓷砖掉下来了，差点砸到人"),
    ("E503", "楼上那套房子打隔断做群租，住了十几个人"),
    ("E504", "楼上卫生间漏水，把我家天花板都泡了，找了几次都不修"),
    ("E505", "有人在绿化带种菜，还浇粪，味道受不了"),
    ("E601", "菜市场门口的井盖不见了，晚上很容易掉下去"),
    ("E602", "小区后门到7栋那段路灯坏了快一个月，晚上黑漆漆的"),
    ("E603", "人行道地砖松了，一下雨踩上去溅一身水，老人容易摔"),
    ("E604", "一楼下水道堵了，污水都漫到家里来了"),
    ("E605", "6栋1单元电梯又坏了，有人被困在里面！"),
    ("E606", "请问今天怎么停水了？也没个通知"),
    ("E607", "小广场的健身器材断了一根，小朋友玩很危险"),
    ("E608", "路边有根电线掉下来了，不知道有没有电"),
    ("E609", "昨晚刮风，7栋旁边大树倒了，压到两台车"),
    ("E701", "广场舞音响太大声了，天天跳到十点，孩子要中考了"),
    ("E701", "楼上每天半夜拖椅子，吵得睡不着"),
    ("E702", "楼下烧烤店喇叭从早放到晚，还有空调外机嗡嗡响"),
    ("E703", "隔壁装修中午一点就开始电钻，午休都不让人午休"),
    ("E704", "遛狗不牵绳，狗屎也不捡，孩子都不敢下楼"),
    ("E801", "打物业电话没人接，保安天天睡觉，门禁坏了一个月都不修"),
    ("E802", "物业费涨了也不公示，公共收益去哪了"),
    ("E803", "我们想成立业委会，筹备组报名要找谁"),
    ("E804", "物业说月底就撤场，垃圾没人运怎么办"),
    ("E805", "屋顶漏了想用维修基金，签字要怎么走"),
    ("E901", "两家因为门口放东西吵架，快打起来了，邻居之间闹得很僵"),
    ("E902", "我家兄弟几个为了老人赡养的事闹矛盾，想请社区调解"),
    ("E903", "保安不让业主进门，和业主吵起来还动手了"),
    ("E904", "门口那家健身房跑路了，办的卡退不了钱"),
    ("E905", "隔壁又在打老婆，女的一直喊救命"),
    ("E1001", "2栋的独居阿婆两天没出门了，敲门也不应"),
    ("E1002", "我邻居残疾，家里困难，不知道能不能申请救助"),
    ("E1003", "有个四五岁的小孩一个人在小区里哭，找不到家长"),
    ("E1004", "桥洞下面有个流浪汉睡了好几天了，天冷怕出事"),
    ("E1005", "居住证明在哪里办，要带什么材料"),
    ("E1101", "昨晚我的电瓶被偷了，监控能查吗"),
    ("E1101", "有个陌生人在楼里挨家敲门，鬼鬼祟祟的"),
    ("E1102", "又有人从楼上扔烟头下来，差点烧到我家衣服"),
    ("E1103", "下暴雨地下车库积水，快没过轮胎了"),
    ("E1104", "8栋12楼冒烟了，好像着火了！已经打119"),
    ("E1105", "群里有人号召明天集体上访，说要去政府门口拉横幅"),
    ("E1201", "请问社区周六上班吗，几点下班"),
    ("E1202", "建议在小区里增设一个快递柜，老人取快递太远"),
    ("E1203", "表扬一下网格员小黄，帮我妈找回了钱包，太负责了"),
    ("E101", "后面巷子有人把生活垃圾直接倒在路边，苍蝇乱飞"),
    ("E102", "垃圾箱都溢出来了，两天没人来拉"),
    ("E103", "有人半夜在河边偷倒建筑垃圾"),
    ("E104", "我们单元楼梯间全是灰和烟头，保洁从来不扫"),
    ("E106", "楼下扔了个破床垫，下雨泡烂了"),
    ("E107", "树上有个马蜂窝，好大一个，怕蜇到小孩"),
    ("E201", "水果店的货架都摆到马路上了"),
    ("E202", "小区门口一排摆地摊的，把路占了一半"),
    ("E203", "墙上到处被人喷了办证的电话"),
    ("E205", "楼下烧烤摊天天晚上烟熏火燎，衣服都不能晾"),
    ("E301", "大门口又被车堵了，我要送孩子上学出不去啊"),
    ("E302", "单元门口停满电动车，婴儿车都推不进去"),
    ("E305", "那辆没牌照的破车停了一年多了，都长草了"),
    ("E401", "安全出口被锁死了，物业说怕外人进来"),
    ("E402", "隔壁把旧柜子和纸皮都放在楼道里，劝了也不听"),
    ("E403", "有人把电瓶车推进电梯上楼"),
    ("E403", "又看到飞线了，从二楼窗户甩下来的"),
    ("E405", "楼道电箱一直滋滋响，还有火花"),
    ("E406", "家里天然气好像漏了，一股臭鸡蛋味"),
    ("E501", "一楼那户把院子围起来盖房子，这不是违建吗"),
    ("E502", "外墙皮一块一块往下掉，下面是小朋友玩的地方"),
    ("E504", "我家客厅顶上一直滴水，楼上不承认"),
    ("E602", "楼梯间的灯全坏了，老人摸黑上楼"),
    ("E603", "门口那段路坑坑洼洼，电动车摔了好几个人"),
    ("E604", "化粪池满了，粪水流得到处都是"),
    ("E605", "电梯按了没反应，停在9楼不动"),
    ("E606", "3栋整栋没电，冰箱里的东西都要坏了"),
    ("E609", "树枝长到我家窗户了，能不能修剪下"),
    ("E701", "楼下麻将馆打到凌晨两点，没法睡"),
    ("E703", "工地晚上十一点还在打桩，明天还要上班"),
    ("E704", "邻居家的狗整天叫，从早叫到晚"),
    ("E801", "报修一个星期了物业都没人来"),
    ("E803", "业委会三年没换届了"),
    ("E904", "老板拖欠我们三个月工资不给"),
    ("E905", "小孩身上好多伤，可能是被他爸打的，隔壁经常听到打孩子"),
    ("E1001", "王奶奶一个人住，摔了一跤起不来"),
    ("E1005", "我妈80岁了想办高龄补贴"),
    ("E1101", "快递放门口被人偷走了"),
    ("E1102", "刚才一个花盆从上面掉下来，好险"),
    ("E1103", "雨太大，小区门口的水淹到膝盖了"),
    ("E101", "河堤上全是塑料袋和垃圾，都是晚上来玩的人丢的"),
    ("E102", "垃圾亭堆成山了，今天一天没来收"),
    ("E103", "装修公司把袋装的水泥块都堆在花坛边"),
    ("E202", "卖烤红薯的三轮车天天占着公交站台"),
    ("E206", "超市买的牛奶过期一个月了还在卖"),
    ("E301", "人行道上停了一排小车，推轮椅的过不去"),
    ("E303", "小区车位太少，晚上回来根本没地方停车"),
    ("E401", "救护车进不来，通道两边全停满了车，这是消防通道吧"),
    ("E402", "对门邻居在楼道里放了鞋柜和纸箱"),
    ("E403", "充电棚有人从楼上拉插线板下来充电瓶车"),
    ("E404", "烟感报警器一直在叫，没人处理"),
    ("E501", "六楼在天台上搭铁皮棚，打孔打得漏雨"),
    ("E502", "我们老楼墙体裂了一条大缝，手指都能伸进去"),
    ("E504", "厨房顶上渗水发霉了，楼上说不关他的事"),
    ("E601", "路中间一个井盖翘起来了，车压过去哐当响"),
    ("E603", "楼梯扶手松了，老人家扶着危险"),
    ("E604", "厕所反水，一楼都臭死了，应该是主管道堵了"),
    ("E605", "电梯上上下下乱跳，吓死人了，赶紧修"),
    ("E608", "光缆垂下来快碰到人头了"),
    ("E702", "楼下酒吧凌晨两点还在放音乐"),
    ("E704", "有条没拴绳的大狗追小孩"),
    ("E802", "电梯里的广告钱都去哪里了，从来没公示过公共收益"),
    ("E804", "我们小区没有物业，楼道灯坏了也没人修"),
    ("E901", "楼上楼下因为晾衣服滴水又吵架了"),
    ("E902", "两口子闹离婚在楼道里大吵大闹"),
    ("E1001", "我爸一个人在家，电话打不通，能不能上门看看，老人有心脏病，独居"),
    ("E1003", "小朋友走丢了！穿红色衣服，5岁"),
    ("E1101", "昨天夜里有人撬门，锁都坏了"),
    ("E1102", "楼上又泼水下来，刚晒的被子全湿了"),
    ("E1104", "三楼厨房起火，大家快下楼"),
    ("E1201", "请问老人体检是哪天，要空腹吗"),
    ("E1202", "能不能加几个充电桩，现在不够用"),
]
# Words of another category stand in each; that one would be wrong.
NOT_THAT = [
    ("E1004", "小区里好多流浪猫，半夜叫得睡不着"),
    ("E1004", "有条流浪狗一直跟着小孩，怕咬人"),
    ("E504", "楼上装修噪音太大，还说在修漏水"),
    ("E301", "门口电动车乱停乱放，人都走不过去"),
    ("E101", "垃圾桶满了，地上都是垃圾"),
    ("E402", "消防通道旁边停了辆车"),
    ("E605", "有人把电动车推进电梯"),
    ("E605", "电梯里到处是小广告"),
    ("E202", "店主把桌椅摆到外面占了人行道"),
    ("E701", "工地半夜施工，吵死了"),
    ("E305", "楼下扔了一辆废弃自行车"),
    ("E606", "我家没有电梯，老人上下楼太难，能不能加装电梯"),
    ("E606", "灭火器坏了，消火栓没水"),
    ("E801", "物业费太贵了"),
    ("E901", "两口子吵架，邻居都听到了，女的被家暴"),
    ("E203", "门口广告牌要掉下来了"),
    ("E1104", "二楼电箱有火花，吓死人"),
    ("E1002", "人行道停满车，轮椅过不去"),
    ("E602", "路口红绿灯坏了"),
    ("E1203", "感谢配合，请尽快把下水道修好"),
]
SILENT = [
    "收到",
    "好的，谢谢",
    "大家早上好☀️",
    "[图片]",
    "@所有人 明天下午三点社区二楼会议室参加会议，请准时",
    "接龙：报名义诊的请接龙 1. 张三 2. 李四",
    "哈哈哈哈[捂脸]",
    "今天的垃圾分类宣传活动圆满结束，感谢各位志愿者",
    "房屋出租：三房两厅，电梯房，拎包入住",
    "祝大家节日快乐！",
    "在吗",
    "1",
    "ok",
    "我到了，在门口等你",
    "",
    "👍👍👍",
    "谁有李医生的微信？",
    "转让九成新电动车，带充电器",
    "下午去打球吗",
    "12345",
    "https://example.com/a?b=1",
    "今晚吃什么",
    "孩子作业写完了没",
]


@pytest.mark.parametrize(("code", "message"), MESSAGES)
def test_a_message_is_of_one_of_the_two_likeliest_categories(code: str, message: str) -> None:
    guesses = guess(message).categories
    assert code in [each.code for each in guesses[:2]]
    assert all(each.words for each in guesses)


def test_every_category_but_the_last_is_tried() -> None:
    assert {code for code, _ in MESSAGES} == CODES - {"E1299"}


@pytest.mark.parametrize(("code", "message"), NOT_THAT)
def test_a_word_out_of_place_does_not_mislead(code: str, message: str) -> None:
    assert code not in [each.code for each in guess(message).categories]


@pytest.mark.parametrize("message", SILENT)
def test_chat_that_reports_nothing_is_not_guessed(message: str) -> None:
    assert guess(message).categories == ()


def test_the_words_that_spoke_are_told_and_said_once() -> None:
    first = guess("5楼飞线充电，拉线下来给电瓶车充电").categories[0]
    assert first.code == "E403"
    assert "飞线充电" in first.words
    assert "飞线" not in first.words


def test_a_question_in_a_report_does_not_go_before_it() -> None:
    first = guess("请问一下，想问路灯什么时候修").categories[0]
    assert first.code == "E602"


def test_two_words_far_apart_do_not_speak_together() -> None:
    assert guess_categories("楼道刚刷了墙。门口的椅子借我一下，堆雪人去", CODES) == ()


def test_only_known_categories_are_guessed() -> None:
    assert guess_categories("有人飞线充电", {"E101", "E1299"}) == ()
    assert guess_categories("有人飞线充电", CODES)[0].code == "E403"


def test_wide_and_capital_letters_are_the_same_words() -> None:
    assert guess("楼下ｋｔｖ吵到两点").categories[0].code == "E702"


@pytest.mark.parametrize(
    ("message", "quality", "building"),
    [
        ("麒麟花园3栋2单元501漏水了", "dwelling", 11),
        ("网格员你好，我们麒麟花园 三 栋 电梯又坏了，困了人", "building", 11),
        ("麒麟花园3-2-501漏水，电话13800138000", "dwelling", 11),
        ("老糖厂3#楼道堆满东西，电话 138 0013 8000", "building", 11),
        ("大榕村8号门口堆垃圾", "building", 31),
        ("金水苑十二号楼停电了。金水苑12栋全停了", "building", 21),
        ("农贸市场里面卖过期食品", "building", 91),
        ("安和1栋停水", "building", 41),
    ],
)
def test_the_one_place_of_a_message_is_taken(message: str, quality: str, building: int) -> None:
    place = guess(message).place
    assert (place.quality, place.building_id, place.candidates) == (quality, building, ())


@pytest.mark.parametrize(
    ("message", "compound", "candidates"),
    [
        ("麒麟花园路灯不亮", QILIN, []),
        ("麒麟花园3栋和5栋之间的路灯不亮", None, [(QILIN, None)]),
        ("麒麟花园3栋的电梯好了，5栋的又坏了", QILIN, [(QILIN, 11), (QILIN, 12)]),
        ("麒麟花园的居民反映：3栋停水", QILIN, [(QILIN, 11)]),
        ("麒麟花园3栋旁边有人摆摊", None, [(QILIN, 11)]),
        ("麒麟花园3栋和金水苑5栋都停电", None, [(QILIN, 11), (JINSHUI, 22)]),
        ("麒鳞花园3栋漏水", None, [(QILIN, 11)]),
        ("我们3栋停水了", None, [(QILIN, 11)]),
        ("5栋垃圾没人收", None, [(QILIN, 12), (JINSHUI, 22)]),
        ("麒麟花园5楼501漏水", QILIN, []),
        ("农贸市场门口有人摆摊", None, [(None, 91)]),
        ("麒麟花园3栋501-李姐 10:32\n楼道灯坏了", None, [(QILIN, 11)]),
    ],
)
def test_a_doubtful_place_is_offered(
    message: str, compound: int | None, candidates: list[tuple[int | None, int | None]]
) -> None:
    place = guess(message).place
    assert (place.building_id, place.compound_id) == (None, compound)
    assert [(each.compound_id, each.building_id) for each in place.candidates] == candidates


@pytest.mark.parametrize(
    "message",
    [
        "平安和谐的小区，路灯坏了",
        "孩子在幼儿园摔了",
        "电话13800138000，停水了",
        "12:30停水，下午3点来",
        "和平路12号漏水",
        "",
    ],
)
def test_no_place_is_made_up(message: str) -> None:
    place = guess(message).place
    assert (place.quality, place.candidates, place.by) == ("none", (), None)


@given(st.text() | st.text(alphabet="张三10:32\n麒麟花园3栋5#-金水苑漏水@[]「」：停电😭 "))
def test_any_message_can_be_pasted(message: str) -> None:
    found = guess(message)
    assert len(found.categories) <= 3
    assert all(found.text[each.start : each.end] == each.text for each in found.contacts)
    assert clean_message(found.text)[0] is not None
    owners = {building.id: building.compound_id for building in GAZETTEER.buildings}
    if found.place.building_id is not None:
        assert owners[found.place.building_id] == found.place.compound_id


@pytest.mark.parametrize(
    "pattern", ["-", " ", "- ", "a ", "1", "@", "[", "3栋", "麒麟花园", "漏水", "\n", "张三 1:00\n", "「"]
)
def test_pasting_takes_time_in_proportion_to_length(pattern: str) -> None:
    def measure_s(length: int) -> float:
        message = (pattern * length)[:length] + "。"
        start = time.process_time()
        guess(message)
        return time.process_time() - start

    # Ten times the text: a pattern that backtracks over it would take a hundred times as long.
    short_s = max(min(measure_s(5_000) for _ in range(2)), 0.01)
    assert min(measure_s(50_000) for _ in range(2)) < 40 * short_s
