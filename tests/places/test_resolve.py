"""What a name means, inside which area."""

import pytest

from service_map.errors import NotFoundError
from service_map.places import Ambiguity, Place, load_gazetteer, locate_commitment, resolve

# Every place that the two labelled plans name: the code of the narrowest area that its own words tell.
JINZHONG = {
    "榆次": "140702", "太谷": "140703", "榆社": "140721", "左权": "140722", "和顺": "140723", "昔阳": "140724",
    "寿阳": "140725", "祁县": "140727", "平遥": "140728", "灵石": "140729", "灵石县": "140729", "介休": "140781",
    "市城区": "140700", "职教港": "140700",
}  # fmt: skip
QINSHUI_TOWNSHIPS = {
    "县城": "140521100", "中村": "140521101", "郑庄": "140521102", "端氏": "140521103", "端氏镇": "140521103",
    "嘉峰": "140521104", "嘉峰镇": "140521104", "郑村镇": "140521105", "柿庄": "140521106", "固县": "140521205",
}  # fmt: skip
# Villages and communities: of that township, or of the county where no table of villages was ever given.
QINSHUI_VILLAGES = {
    "小岭": "140521100", "小岭棚户区": "140521100", "杏园": "140521100", "新城": "140521100", "永宁": "140521100",
    "永宁社区": "140521100", "东安": "140521100", "杨河": "140521100", "梅苑": "140521100", "梅苑社区": "140521100",
    "宣化": "140521100", "宣化片区": "140521100", "柳庄": "140521100", "柳庄片区": "140521100", "柿园": "140521100",
    "柿元": "140521100", "下川": "140521101", "中村涧河": "140521101", "窦庄": "140521104", "窰庄": "140521104",
    "郭壁": "140521104", "嘉峰镇豆庄村": "140521104", "湘峪": "140521105", "杏则": "140521201",
}  # fmt: skip


def test_every_county_and_landmark_of_the_labelled_plan_of_jinzhong_has_its_code(labelled, plans, full_gazetteer):
    named = [item for item in labelled if item.plan == "jinzhong-2021" and item.place is not None]
    assert {item.place for item in named} == set(JINZHONG)
    for item in named:
        assert locate_commitment(item, plans, full_gazetteer)[0].adcode == JINZHONG[item.place], item.place


def test_every_township_and_landmark_of_the_labelled_plan_of_qinshui_has_its_code(labelled, plans, full_gazetteer):
    named = [item for item in labelled if item.plan == "qinshui-2021" and item.place_level in ("township", "landmark")]
    assert len(named) > 70
    right = 0
    for item in named:
        # A landmark that no table knows is somewhere in the county, unless the facility's own name says where.
        expected = QINSHUI_TOWNSHIPS.get(item.place, "140521")
        right += locate_commitment(item, plans, full_gazetteer)[0].adcode == expected
    assert right / len(named) >= 0.98


def test_no_village_of_the_labelled_plan_of_qinshui_is_put_in_a_wrong_township(labelled, plans, full_gazetteer):
    for item in labelled:
        if item.plan == "qinshui-2021" and item.place_level == "village_or_street":
            found = locate_commitment(item, plans, full_gazetteer)[0].adcode
            assert found in ("140521", QINSHUI_VILLAGES.get(item.place, "140521")), item.place


@pytest.mark.parametrize(
    ("name", "within", "adcode", "matched"),
    [
        ("和顺", "140700", "140723", "short name"),
        ("和顺县", None, "140723", "name"),
        ("城区", "140500", "140502", "name"),
        ("平城区", "140200", "140213", "name"),
        ("平城", "140200", "140213", "short name"),
        ("大同县", "140200", "140215", "former name"),
        ("南郊区", "140200", "140214", "former name"),
        ("太谷县", "140700", "140703", "former name"),
        ("140211", None, "140214", "code"),
        ("140521000000", None, "140521", "code"),
        ("1405", None, "140500", "code"),
        ("祁县", "140700", "140727", "name"),
        ("保亭", None, "469029", "short name"),
        (" 和 顺 县 ", "140700", "140723", "name"),
        ("“和顺县”", "140700", "140723", "name"),
        ("市区", "140700", "140700", "words"),
        ("城区", "140200", "140200", "words"),
        ("全县", "140521", "140521", "words"),
        ("丹河新城", "140500", "140525", "name"),
        ("晋中市", "140521", "140700", "name"),
        ("海淀区", "140521", "110108", "name"),
    ],
)
def test_a_name_or_code_means_one_area(gazetteer, name, within, adcode, matched):
    found = resolve(gazetteer, name, within=within)
    assert isinstance(found, Place)
    assert (found.adcode, found.matched) == (adcode, matched)


@pytest.mark.parametrize(
    ("name", "within", "adcode"),
    [
        ("灵丘县殡仪馆", "140200", "140224"),
        ("浑源北岳小学", "140200", "140225"),
        ("大同县殡仪馆", "140200", "140215"),
        ("大同市平城区第二幼儿园", "140200", "140213"),
        ("晋城市城区幼儿园", "140500", "140502"),
        ("太谷传统医药展示场所", "140700", "140703"),
        ("丹河新城教育园区", "140500", "140525"),
    ],
)
def test_a_facilitys_own_name_tells_its_county(gazetteer, name, within, adcode):
    assert resolve(gazetteer, name, within=within).adcode == adcode


@pytest.mark.parametrize(
    ("name", "within", "adcode"),
    [
        ("端氏第二中心幼儿园", "140521", "140521103"),
        ("端氏第二中心幼儿园", "140500", "140521103"),
        ("沁水县嘉峰镇社会福利服务中心", "140521", "140521104"),
        ("沁水县嘉峰镇社会福利服务中心", "140500", "140521104"),
        ("嘉峰镇某某村健身广场", "140521", "140521104"),
        ("沁水县端氏古镇", "140500", "140521103"),
        ("140521104", None, "140521104"),
        ("沁水县城", "140500", "140521100"),
    ],
)
def test_a_facilitys_own_name_tells_its_township(full_gazetteer, name, within, adcode):
    assert resolve(full_gazetteer, name, within=within).adcode == adcode


@pytest.mark.parametrize(
    ("name", "within"),
    [
        ("平城镇", "140200"),  # 平城镇 is in another city, and no part of 平城区
        ("老马岭至里必段", "140521"),
        ("太行洪谷", "140521"),
        ("市中心城区广场", "140500"),  # holds 城区, and means the built-up area
        ("绿心公园", "140700"),
        ("", "140700"),
        ("140599", None),
    ],
)
def test_what_the_words_do_not_tell_stays_unresolved(gazetteer, name, within):
    assert resolve(gazetteer, name, within=within) is None


def test_a_lake_is_not_at_the_village_whose_name_it_begins_with(geodata, tmp_path):
    source = (geodata / "places.csv").read_text(encoding="utf-8").splitlines()
    row = "青龙村,140521100,village,140521,112.166212,35.683546,45600,township,x,y"
    (tmp_path / "more.csv").write_text("\n".join([source[0], row]) + "\n", encoding="utf-8")
    known = load_gazetteer(geodata, tables=[tmp_path / "more.csv"])
    assert resolve(known, "青龙村", within="140521").adcode == "140521100"
    assert resolve(known, "青龙小学", within="140521").adcode == "140521100"
    assert resolve(known, "青龙湖休闲度假旅游区", within="140521") is None


def test_a_name_that_several_counties_bear_stays_ambiguous_and_names_them(gazetteer):
    found = resolve(gazetteer, "朝阳区")
    assert isinstance(found, Ambiguity)
    assert [place.adcode for place in found.candidates] == ["110105", "220104"]
    assert resolve(gazetteer, "朝阳区", within="110000").adcode == "110105"


def test_two_townships_of_one_short_name_in_one_city_are_ambiguous(geodata, tmp_path):
    heading = (geodata / "places.csv").read_text(encoding="utf-8").splitlines()[0]
    rows = ["南村镇,140525198,township,140525,112.8,35.4,9000,office,x,y",
            "南村乡,140524298,township,140524,113.2,35.7,9000,office,x,y"]  # fmt: skip
    (tmp_path / "more.csv").write_text("\n".join([heading, *rows]) + "\n", encoding="utf-8")
    known = load_gazetteer(geodata, tables=[tmp_path / "more.csv"])
    assert isinstance(resolve(known, "南村", within="140500"), Ambiguity)
    assert resolve(known, "南村镇", within="140500").adcode == "140525198"
    assert resolve(known, "南村", within="140524").adcode == "140524298"
    assert resolve(known, "陵川县南村小学", within="140500").adcode == "140524298"


def test_a_township_that_became_a_town_is_found_by_its_former_kind(full_gazetteer):
    found = resolve(full_gazetteer, "端氏乡", within="140521")
    assert (found.adcode, found.matched) == ("140521103", "former name")


def test_precision_says_what_the_point_stands_for(full_gazetteer):
    cases = {"晋城市": "city", "沁水县": "county", "端氏镇": "township", "沁水县城": "township"}
    for name, precision in cases.items():
        found = resolve(full_gazetteer, name, within="140500")
        assert found.precision == precision
        assert found.uncertainty_m > 1000
        assert found.source
        assert found.licence


def test_an_unknown_area_to_look_in_is_refused(gazetteer):
    with pytest.raises(NotFoundError, match="within"):
        resolve(gazetteer, "和顺", within="999999")


def test_no_place_is_vaguer_than_its_county(geodata, gazetteer, tmp_path):
    vague = "宽泛镇,140521999,township,140521,112.18,35.69,900000,office,试验,CC0-1.0"
    heading = "name,adcode,level,parent,lon,lat,radius_m,kind,source,licence"
    (tmp_path / "vague.csv").write_text(f"{heading}\n{vague}\n", encoding="utf-8")
    wide = load_gazetteer(geodata, tables=[tmp_path / "vague.csv"])
    found = resolve(wide, "宽泛镇", within="140521")
    county = resolve(wide, "沁水县", within="140521")
    assert (found.adcode, found.precision) == ("140521999", "county")
    assert (found.lon, found.lat, found.uncertainty_m) == (county.lon, county.lat, county.uncertainty_m)
    for key, row in gazetteer.rows.items():
        if row.level in ("township", "town", "village", "landmark"):
            place = resolve(gazetteer, key if key.isdigit() else row.name, within=row.parent)
            if isinstance(place, Place) and place.adcode == row.adcode:
                assert place.uncertainty_m <= gazetteer.extent(row.parent), row.name
