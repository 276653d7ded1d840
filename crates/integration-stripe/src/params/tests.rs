use super::{Decimal, Int64Param, ListOf, MapOf, Param, Params, Value, encode};

#[test]
fn a_form_is_nested_by_brackets_and_indexed() {
    let params = Params::new()
        .with("name", "a b&c=d+\u{e9}")
        .with("flag", true)
        .with("at", 1_700_000_000)
        .with("rate", 1.5)
        .with(
            "items",
            vec![
                Params::new().with("price", "p_1"),
                Params::new().with("n", 2),
            ],
        )
        .with("unset", Value::Clear)
        .with("metadata", Params::new().with("a key", "v"))
        .with("none", Params::new());
    assert_eq!(
        params.to_form(),
        "name=a%20b%26c%3Dd%2B%C3%A9&flag=true&at=1700000000&rate=1.5&items[0][price]=p_1\
         &items[1][n]=2&unset=&metadata[a%20key]=v"
    );
}

#[test]
fn json_keeps_types_and_unsets_by_null() {
    let params = Params::new()
        .with("n", 2)
        .with("unset", Value::Clear)
        .with("large", Int64Param::from(9_007_199_254_740_993).value())
        .with("price", Decimal::from("12.50").value());
    let text = encode::json(&params).unwrap();
    assert_eq!(
        text,
        r#"{"n":2,"unset":null,"large":"9007199254740993","price":"12.50"}"#
    );
}

#[test]
fn a_parameter_that_is_set_twice_keeps_its_place() {
    let params = Params::new().with("a", 1).with("b", 2).with("a", 3);
    assert_eq!(params.to_form(), "a=3&b=2");
}

#[test]
fn a_clone_is_not_changed_by_the_original() {
    let before = Params::new().with("a", 1);
    let after = before.clone().with("a", 2);
    assert_eq!(
        (before.to_form(), after.to_form()),
        ("a=1".to_owned(), "a=2".to_owned())
    );
}

#[test]
fn lists_and_maps_take_what_iterates() {
    let list: ListOf<String> = ["a", "b"].into();
    let map: MapOf<i64> = vec![("x", 1), ("y", 2)].into();
    let params = Params::new().with("l", list.value()).with("m", map.value());
    assert_eq!(params.to_form(), "l[0]=a&l[1]=b&m[x]=1&m[y]=2");
}

#[test]
fn debug_shows_names_and_no_values() {
    let params = Params::new()
        .with("email", "canary-77aa")
        .with("n", vec![1, 2]);
    let shown = format!("{params:?} {:?}", Value::from("canary-77aa"));
    assert!(
        shown.contains("email") && !shown.contains("canary"),
        "{shown}"
    );
}
